import { GlimpseError } from '../../errors/error.ts'
import type { ClaimedJob, JobRepository, Json } from '../../ports/jobs.ts'
import type { Logger } from '../../ports/logger.ts'
import type { AnyJobHandler, JobHandler } from './job-kind.ts'
import type { JobQueue } from './job-queue.ts'
import { type RunTimes, runJob } from './run-job.ts'

export interface RunnerTimes extends RunTimes {
  /** Time between two questions for jobs of other processes, on average. */
  readonly pollMs: number
  /** Ended jobs are removed after this. */
  readonly keepMs: number
}

export const defaultTimes: RunnerTimes = {
  leaseMs: 30_000,
  heartbeatMs: 8_000,
  firstPauseMs: 1_000,
  longestPauseMs: 300_000,
  pollMs: 3_000,
  keepMs: 7 * 24 * 3_600_000,
}

export interface RunnerOptions {
  readonly queue: JobQueue
  /** Of any inputs: a job's input is what was ordered for its kind. */
  readonly handlers: readonly AnyJobHandler[]
  /** Jobs that this process runs at the same time. */
  readonly concurrency: number
  /** Names this process to operators. */
  readonly name: string
  readonly log: Logger
  readonly times?: Partial<RunnerTimes>
}

const purgeEveryMs = 3_600_000

/** Runs jobs in this process: those ordered here at once, those of other processes when it finds them. */
export class JobRunner {
  readonly #jobs: JobRepository
  readonly #options: RunnerOptions
  readonly #times: RunnerTimes
  readonly #handlers: ReadonlyMap<string, JobHandler<Json>>
  readonly #running = new Set<Promise<void>>()
  #purgedAt = performance.now()
  /** Set when there may be something to do. */
  #awake = true
  #wake: () => void = () => {}

  constructor(jobs: JobRepository, options: RunnerOptions) {
    this.#jobs = jobs
    this.#options = options
    this.#times = { ...defaultTimes, ...options.times }
    this.#handlers = new Map(options.handlers.map((handler) => [handler.kind.name, handler as JobHandler<Json>]))
    options.queue.onReady(() => this.#rouse())
  }

  /**
   * Runs jobs until `signal` is aborted; then what runs is interrupted and given back, for other processes to go on with.
   * Resolves when nothing runs any more. Never throws.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopping = new AbortController()
    const stop = () => {
      stopping.abort(new GlimpseError('job_interrupted', {}))
      this.#rouse()
    }
    if (signal.aborted) return
    signal.addEventListener('abort', stop, { once: true })
    while (!signal.aborted) {
      this.#awake = false
      await this.#fill(stopping.signal)
      await this.#pause()
    }
    await Promise.all(this.#running)
  }

  /** Takes jobs until there is no more, or no more room. */
  async #fill(stopping: AbortSignal): Promise<void> {
    const { concurrency, name, log } = this.#options
    const kinds = [...this.#handlers.keys()]
    try {
      while (!stopping.aborted && this.#running.size < concurrency) {
        const claimed = await this.#jobs.claim({ kinds, runner: name, leaseMs: this.#times.leaseMs })
        if (!claimed) break
        this.#start(claimed, stopping)
      }
      await this.#purge()
    } catch (error) {
      log.warn({ err: error }, 'no jobs could be asked for')
    }
  }

  #start(claimed: ClaimedJob, stopping: AbortSignal): void {
    const handler = this.#handlers.get(claimed.job.kind)
    if (!handler) return
    const { queue, log } = this.#options
    const options = { jobs: this.#jobs, queue, handler, times: this.#times, log, stopping }
    const running = runJob(claimed, options).then((againMs) => {
      this.#running.delete(running)
      this.#rouse()
      if (againMs !== undefined) setTimeout(() => this.#rouse(), againMs).unref()
    })
    this.#running.add(running)
  }

  async #purge(): Promise<void> {
    if (performance.now() - this.#purgedAt < purgeEveryMs) return
    this.#purgedAt = performance.now()
    await this.#jobs.purge({ ageMs: this.#times.keepMs })
  }

  /** Until somebody rouses the runner, or it is time to ask again. Processes do not ask in step. */
  async #pause(): Promise<void> {
    if (this.#awake) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    const timer = setTimeout(resolve, this.#times.pollMs * (0.5 + Math.random()))
    await promise
    clearTimeout(timer)
  }

  #rouse(): void {
    this.#awake = true
    this.#wake()
  }
}
