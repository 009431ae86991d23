import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../ports/logger.ts'
import type { Pass, PassScope } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { JobQueue } from '../jobs/job-queue.ts'
import { JobRunner, type RunnerTimes } from '../jobs/job-runner.ts'
import type { PassObserver } from './observer.ts'
import { Pace, type Rates } from './pace.ts'
import { PassJob } from './pass-job.ts'
import { Passes } from './passes.ts'
import type { Program } from './program.ts'
import { keepStarting } from './schedule.ts'

/** How often a pass is looked at: a short one is seen to end soon, a long one costs few questions. */
const lookMs = { first: 100, longest: 2_000 } as const

export interface ProgramRunnerOptions {
  readonly repositories: Pick<Repositories, 'passes' | 'findings' | 'jobs'>
  /** Steps at the same time. */
  readonly workers: number
  readonly rates: Rates
  readonly observer: PassObserver
  /** Names this process to operators. */
  readonly name: string
  readonly log: Logger
  readonly times?: Partial<RunnerTimes>
}

/** Works on the passes of one program in this process, with jobs apart from all others: they never wait for a pass. */
export class ProgramRunner {
  readonly #program: Program
  readonly #options: ProgramRunnerOptions
  readonly #passes: Passes
  readonly #jobs: JobRunner

  constructor(program: Program, options: ProgramRunnerOptions) {
    const { repositories, workers, rates, observer, name, log, times } = options
    const queue = new JobQueue(repositories.jobs)
    this.#program = program
    this.#options = options
    this.#passes = new Passes({ passes: repositories.passes, findings: repositories.findings, queue, observer })
    const job = new PassJob(program, { passes: this.#passes, repositories, pace: new Pace(rates), observer })
    this.#jobs = new JobRunner(repositories.jobs, {
      queue,
      handlers: [job],
      concurrency: workers,
      name,
      log,
      ...(times && { times }),
    })
  }

  /**
   * Works on a pass, the open one of that scope or a new one, until it has ended or `signal` is aborted.
   * @returns the pass as it is then
   * @throws database_unavailable
   */
  async once(
    scope: PassScope,
    { signal, onProgress }: { signal: AbortSignal; onProgress?: (pass: Pass) => void },
  ): Promise<Pass> {
    const { id } = await this.#passes.start(this.#program.name, scope)
    const ended = new AbortController()
    const working = this.#jobs.run(AbortSignal.any([signal, ended.signal]))
    try {
      for (let pauseMs: number = lookMs.first; ; pauseMs = Math.min(pauseMs * 1.5, lookMs.longest)) {
        const pass = await this.#passes.endIfDone(this.#program, id)
        if (!pass) throw new Error(`the pass ${id} is gone`)
        onProgress?.(pass)
        if (pass.state !== 'open' || signal.aborted) return pass
        await sleep(pauseMs, undefined, { signal }).catch(() => {})
      }
    } finally {
      ended.abort()
      await working
    }
  }

  /** Works on all passes of the program, and has one begin whenever it is due, until `signal` is aborted. Never throws. */
  async forever(options: { scope: PassScope; intervalMs: number; signal: AbortSignal }): Promise<void> {
    const { log } = this.#options
    await Promise.all([this.#jobs.run(options.signal), keepStarting(this.#passes, this.#program, { ...options, log })])
  }
}
