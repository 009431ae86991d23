import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { JobLease, JobRepository } from '../../ports/jobs.ts'
import type { Logger } from '../../ports/logger.ts'

export interface LeaseTimes {
  readonly leaseMs: number
  readonly heartbeatMs: number
}

/**
 * Prolongs a lease as long as its job is run. `held` is aborted when the job belongs to another process, or may: when the
 * database could not be asked for so long that the lease may end before the next heartbeat. `wanted` is aborted then too, and when the job is cancelled.
 */
export class LeaseKeeper implements Disposable {
  readonly #jobs: JobRepository
  readonly #lease: JobLease
  readonly #options: LeaseTimes & { readonly log: Logger }
  readonly #held = new AbortController()
  readonly #cancelled = new AbortController()
  readonly held: AbortSignal
  readonly wanted: AbortSignal
  readonly #timer: NodeJS.Timeout
  #progress: number | null = null
  #prolongedAt = performance.now()
  #busy = false

  /** @param options `stopping` aborts both signals with its reason */
  constructor(jobs: JobRepository, options: LeaseTimes & { lease: JobLease; log: Logger; stopping: AbortSignal }) {
    this.#jobs = jobs
    this.#lease = options.lease
    this.#options = options
    this.held = AbortSignal.any([this.#held.signal, options.stopping])
    this.wanted = AbortSignal.any([this.held, this.#cancelled.signal])
    this.#timer = setInterval(() => void this.#beat(), options.heartbeatMs)
  }

  /** Asks at once. */
  async beat(): Promise<void> {
    await this.#beat()
  }

  progress(value: number): void {
    this.#progress = value
  }

  /** The lease was prolonged by other means. */
  prolonged(): void {
    this.#prolongedAt = performance.now()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #beat(): Promise<void> {
    const { leaseMs, heartbeatMs, log } = this.#options
    const { jobId } = this.#lease
    if (performance.now() - this.#prolongedAt >= leaseMs - heartbeatMs) this.#lose()
    if (this.#busy || this.#held.signal.aborted) return
    this.#busy = true
    const askedAt = performance.now()
    try {
      const verdict = await this.#jobs.extend(this.#lease, { leaseMs, progress: this.#progress })
      this.#prolongedAt = askedAt
      if (verdict === 'cancelled') this.#cancelled.abort(new GlimpseError('job_cancelled', {}))
    } catch (error) {
      if (hasCode(error, 'job_lease_lost')) this.#lose()
      else log.warn({ err: error, jobId }, 'the lease of a job could not be prolonged')
    } finally {
      this.#busy = false
    }
  }

  #lose(): void {
    this.#held.abort(new GlimpseError('job_lease_lost', { jobId: this.#lease.jobId }))
  }
}
