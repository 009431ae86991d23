import { createHash } from 'node:crypto'
import type { JobRepository } from '../../ports/jobs.ts'
import type { FindingRepository, PassRepository, PassStep } from '../../ports/passes.ts'
import type { JobHandler, RunningJob } from '../jobs/job-kind.ts'
import { SharedJournal } from './journal.ts'
import type { PassObserver } from './observer.ts'
import type { Pace } from './pace.ts'
import { type Passes, type PassJobInput, passKind } from './passes.ts'
import type { Program } from './program.ts'
import { runStep } from './run-step.ts'

export interface PassJobOptions {
  readonly passes: Passes
  readonly repositories: {
    readonly passes: PassRepository
    readonly findings: FindingRepository
    readonly jobs: JobRepository
  }
  readonly pace: Pace
  readonly observer: PassObserver
}

type Job = RunningJob<PassJobInput>

/** Plans the passes of a program, and carries their steps out: each is a job of its own, so that any process may take it. */
export class PassJob implements JobHandler<PassJobInput> {
  readonly kind
  readonly maxAttempts = 5
  readonly #program: Program
  readonly #options: PassJobOptions

  constructor(program: Program, options: PassJobOptions) {
    this.kind = passKind(program.name)
    this.#program = program
    this.#options = options
  }

  /** What stops one attempt may be over for the next one: a step that is given up leaves its pass incomplete. */
  isRetriable(): boolean {
    return true
  }

  async run(job: Job): Promise<void> {
    const { passId, step } = job.input
    const { passes, repositories } = this.#options
    const pass = await repositories.passes.get(passId)
    if (pass?.state !== 'open') return
    if (step === null) await this.#plan(job)
    else await this.#step(job, step)
    await passes.endIfDone(this.#program, passId)
  }

  async abandon({ input: { passId, step } }: Job): Promise<void> {
    const { passes, repositories, observer } = this.#options
    if (step === null) return passes.giveUp(passId)
    await repositories.passes.endStep(passId, { step: step.name, counts: {}, isFailed: true })
    observer.step({ program: this.#program.name, outcome: 'failed', counts: {} })
    await passes.endIfDone(this.#program, passId)
  }

  async #plan(job: Job): Promise<void> {
    const { repositories } = this.#options
    const { passId } = job.input
    const { scope } = await this.#options.passes.get(passId)
    const steps = await this.#program.plan(scope)
    for (const step of steps) {
      job.signal.throwIfAborted()
      const id = stepId(passId, step)
      // A former run of the job may have come so far.
      if (await repositories.jobs.get(id)) continue
      const input = { passId, step: { ...step } }
      await repositories.jobs.enqueue({ id, kind: this.kind.name, input, project: null, imageId: null, delayMs: 0 })
    }
    await repositories.passes.planned(passId, { steps: steps.length })
  }

  async #step(job: Job, step: PassStep): Promise<void> {
    const { repositories, pace, observer, passes } = this.#options
    const { passId } = job.input
    const { scope } = await passes.get(passId)
    const counts = await job.step('work', async (signal) => {
      const journal = new SharedJournal({ passId, passes: repositories.passes, findings: repositories.findings })
      return runStep(this.#program, step, { scope, journal, pace, observer, signal })
    })
    await repositories.passes.endStep(passId, { step: step.name, counts, isFailed: false })
    observer.step({ program: this.#program.name, outcome: 'done', counts })
  }
}

/** The same id for the same step: planned again, it is not ordered twice. */
function stepId(passId: string, { name }: PassStep): string {
  const hex = createHash('sha256').update(`${passId} ${name}`).digest('hex')
  return [8, 12, 16, 20, 32].map((end, i, ends) => hex.slice(ends[i - 1] ?? 0, end)).join('-')
}
