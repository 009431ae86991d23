import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { ClaimedJob, Job, JobRepository, JobVerdict, Json } from '../../ports/jobs.ts'
import type { Logger } from '../../ports/logger.ts'
import type { JobHandler, RunningJob } from './job-kind.ts'
import type { JobQueue } from './job-queue.ts'
import { LeaseKeeper, type LeaseTimes } from './lease-keeper.ts'

export interface RunTimes extends LeaseTimes {
  /** Pause before the second attempt; each further one is twice as long, up to `longestPauseMs`. */
  readonly firstPauseMs: number
  readonly longestPauseMs: number
}

export interface RunOptions {
  readonly jobs: JobRepository
  readonly queue: Pick<JobQueue, 'onCancel'>
  readonly handler: JobHandler<Json>
  readonly times: RunTimes
  readonly log: Logger
  /** Aborted with `job_interrupted` when the process ends. */
  readonly stopping: AbortSignal
}

const defaultAttempts = 5
/** Cleaning up that fails that often is given up. */
const abandonAttempts = 20

/** Runs a claimed job to its end, or gives it back. Never throws. @returns when it starts again, in milliseconds; undefined: it ended */
export async function runJob(claimed: ClaimedJob, options: RunOptions): Promise<number | undefined> {
  const { jobs, times, stopping } = options
  const log = options.log.child({ jobId: claimed.job.id, kind: claimed.job.kind })
  const { imageId } = claimed.job
  using keeper = new LeaseKeeper(jobs, { ...times, lease: claimed.lease, log, stopping })
  const endTelling = options.queue.onCancel((id) => {
    if (id === imageId) void keeper.beat()
  })
  try {
    return await new JobRun(claimed, { ...options, log, keeper }).toItsEnd()
  } catch (error) {
    // The lease runs out, and another process goes on.
    if (!hasCode(error, 'job_lease_lost')) log.error({ err: error }, 'the state of a job could not be recorded')
    return undefined
  } finally {
    endTelling()
  }
}

class JobRun {
  readonly #job: Job
  readonly #claimed: ClaimedJob
  readonly #options: RunOptions & { readonly keeper: LeaseKeeper }
  /** Grows with each step that is finished. */
  #steps: Job['steps']
  #attempts: number

  constructor(claimed: ClaimedJob, options: RunOptions & { readonly keeper: LeaseKeeper }) {
    this.#claimed = claimed
    this.#job = claimed.job
    this.#steps = claimed.job.steps
    this.#attempts = claimed.job.attempts
    this.#options = options
  }

  /** @returns when it starts again, in milliseconds */
  async toItsEnd(): Promise<number | undefined> {
    const { jobs, handler, keeper, log } = this.#options
    const { lease, job } = this.#claimed
    const maxAttempts = handler.maxAttempts ?? defaultAttempts
    if (job.verdict !== null) return this.#abandon(job.verdict, job.reason ?? '')
    if (job.attempts > 2 * maxAttempts) {
      return this.#fail(`${job.attempts - 1} attempts ended without a result. ${job.reason ?? ''}`.trimEnd())
    }
    try {
      keeper.wanted.throwIfAborted()
      await handler.run(this.#running(keeper.wanted))
    } catch (error) {
      return this.#stopped(error, { maxAttempts })
    }
    if (!(await jobs.finish(lease, { as: 'succeeded' }))) return this.#abandon('cancelled', cancelledMeanwhile)
    log.info({}, 'a job has succeeded')
    return undefined
  }

  async #stopped(error: unknown, { maxAttempts }: { maxAttempts: number }): Promise<number | undefined> {
    const { jobs, handler, keeper, log, stopping } = this.#options
    const { lease } = this.#claimed
    if (stopping.aborted) return this.#giveBack()
    keeper.held.throwIfAborted()
    if (keeper.wanted.aborted) return this.#abandon('cancelled', cancelledMeanwhile)
    const retriable = handler.isRetriable?.(error) ?? isRetriable(error)
    if (!retriable || this.#attempts >= maxAttempts) {
      log.error({ err: error, attempts: this.#attempts }, 'a job has failed')
      return this.#fail(reasonOf(error))
    }
    const delayMs = this.#pauseMs()
    log.warn({ err: error, attempts: this.#attempts, delayMs }, 'a job starts again later')
    await jobs.release(lease, { delayMs, reason: reasonOf(error) })
    return delayMs
  }

  async #giveBack(): Promise<undefined> {
    await this.#options.jobs.release(this.#claimed.lease, { delayMs: 0, uncounted: true })
  }

  async #fail(reason: string): Promise<number | undefined> {
    await this.#options.jobs.decide(this.#claimed.lease, { verdict: 'failed', reason })
    return this.#abandon('failed', reason)
  }

  async #abandon(verdict: JobVerdict, reason: string): Promise<number | undefined> {
    const { jobs, handler, keeper, log, stopping } = this.#options
    const { lease } = this.#claimed
    try {
      await handler.abandon?.(this.#running(keeper.held), { verdict, reason })
    } catch (error) {
      if (stopping.aborted) return this.#giveBack()
      keeper.held.throwIfAborted()
      log.error({ err: error }, 'the cleaning up after a job has failed')
      if (this.#attempts < abandonAttempts) {
        const delayMs = this.#pauseMs()
        await jobs.release(lease, { delayMs })
        return delayMs
      }
    }
    if (!(await jobs.finish(lease, { as: verdict }))) {
      const other = verdict === 'failed' ? 'cancelled' : 'failed'
      await jobs.finish(lease, { as: other })
    }
    log.info({ verdict, reason }, 'a job has ended')
    return undefined
  }

  #pauseMs(): number {
    const { firstPauseMs, longestPauseMs } = this.#options.times
    const full = Math.min(firstPauseMs * 2 ** (this.#attempts - 1), longestPauseMs)
    return Math.round(full * (0.5 + Math.random() / 2))
  }

  #running(signal: AbortSignal): RunningJob<Json> {
    const { progress: _progress, steps: _steps, ...rest } = this.#job
    return {
      ...rest,
      signal,
      lease: this.#claimed.lease,
      confirm: () => this.#confirm(),
      step: (name, work) => this.#step(name, { work, signal }),
      recorded: (name) => this.#steps[name],
      progress: (value) => this.#options.keeper.progress(value),
    }
  }

  async #confirm(): Promise<void> {
    const { jobs, keeper, times } = this.#options
    await jobs.extend(this.#claimed.lease, { leaseMs: times.leaseMs, progress: null })
    keeper.prolonged()
  }

  async #step<Result extends Json>(
    name: string,
    { work, signal }: { work: (signal: AbortSignal) => Promise<Result>; signal: AbortSignal },
  ): Promise<Result> {
    if (Object.hasOwn(this.#steps, name)) return this.#steps[name] as Result
    signal.throwIfAborted()
    const result = await work(signal)
    const { jobs, keeper, times } = this.#options
    const steps = { ...this.#steps, [name]: result }
    await jobs.recordStep(this.#claimed.lease, { steps, leaseMs: times.leaseMs })
    keeper.prolonged()
    this.#steps = steps
    this.#attempts = 1
    return result
  }
}

const cancelledMeanwhile = 'The work was cancelled.'

/** A failure of a service or of the database, or one that nobody has given a code, may be over the next time. */
function isRetriable(error: unknown): boolean {
  return !(error instanceof GlimpseError) || error.status === 503
}

/** What may be shown of an error: only those of the catalogue are known to hold no secret. */
function reasonOf(error: unknown): string {
  return error instanceof GlimpseError ? error.message : 'An unexpected error stopped the work; the log tells more.'
}
