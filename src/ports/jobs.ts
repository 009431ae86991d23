/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined }

export const jobStatuses = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const
export type JobStatus = (typeof jobStatuses)[number]

/** How a job ends that does not succeed. */
export type JobVerdict = 'failed' | 'cancelled'

/** Long work that survives the process that does it. */
export interface Job {
  readonly id: string
  /** Names the handler. */
  readonly kind: string
  /** Projects take turns; null counts as one more. */
  readonly project: string | null
  /** When that image is deleted, the job is cancelled. */
  readonly imageId: string | null
  readonly input: Json
  /** Results of the steps that were finished, by name. */
  readonly steps: Readonly<Record<string, Json>>
  /** Counted by the handler, in bytes as a rule. */
  readonly progress: number | null
  readonly status: JobStatus
  /** Set when it is decided that the job will not succeed, which its handler may still have to clean up after. */
  readonly verdict: JobVerdict | null
  /** Why it does not succeed, or why the last attempt did not; no secret. */
  readonly reason: string | null
  /** Starts since the last step that was finished. */
  readonly attempts: number
  /** Who runs it, or ran it last, for the eyes of operators. */
  readonly runner: string | null
  readonly createdAt: Date
}

export interface NewJob {
  readonly id: string
  readonly kind: string
  readonly project: string | null
  readonly imageId: string | null
  readonly input: Json
  /** Not to be run before. */
  readonly delayMs: number
}

/** The right to work on a job, for a bounded time. Each take-over makes a new one, and the old one is void. */
export interface JobLease {
  readonly jobId: string
  readonly token: string
}

/** What a change made for a job depends on: that its lease holds or, with null, that nobody has begun the job yet. */
export interface JobGuard {
  readonly jobId: string
  readonly token: string | null
}

export interface ClaimedJob {
  readonly job: Job
  readonly lease: JobLease
}

/**
 * Jobs and who works on them. Every change under a lease is a compare-and-set on its token, and all times are the
 * database's, so that neither a process that was frozen nor a wrong clock can make two runners work on one job for longer
 * than it takes the first one to notice.
 */
export interface JobRepository {
  /** @throws bad_request for an input that is too long */
  enqueue(job: NewJob): Promise<void>
  get(id: string): Promise<Job | undefined>
  /** Jobs of an image that have not ended, oldest first. */
  openOf(imageId: string): Promise<Job[]>
  /** Ends the delay of a job that waits. @returns false if it waits no more */
  hasten(id: string): Promise<boolean>
  /** Makes a job of another kind of one whose lease nobody holds any more. @returns false if somebody does, or it has ended */
  assign(id: string, options: { kind: string }): Promise<boolean>
  /**
   * Takes a job of one of `kinds` that is due: one that waits, or one whose lease has run out. Projects with the fewest
   * running jobs come first, then the oldest job. Undefined if there is none, or another runner was faster every time.
   */
  claim(options: { kinds: readonly string[]; runner: string; leaseMs: number }): Promise<ClaimedJob | undefined>
  /** Prolongs the lease. @returns the verdict, if one was given meanwhile. @throws job_lease_lost */
  extend(lease: JobLease, options: { leaseMs: number; progress: number | null }): Promise<JobVerdict | null>
  /** Records what a step gave, prolongs the lease, and sets `attempts` to 1. @throws job_lease_lost, bad_request for a result that is too long */
  recordStep(lease: JobLease, options: { steps: Readonly<Record<string, Json>>; leaseMs: number }): Promise<void>
  /** Gives the job back to be run again after `delayMs`. With `uncounted` this start does not count as an attempt. @throws job_lease_lost */
  release(lease: JobLease, options: { delayMs: number; reason?: string; uncounted?: true }): Promise<void>
  /** Decides that the job will not succeed; what was decided first stays. @throws job_lease_lost */
  decide(lease: JobLease, options: { verdict: JobVerdict; reason: string }): Promise<void>
  /** Ends the job. @returns false if its verdict does not say so, or not any more; it goes on then. @throws job_lease_lost */
  finish(lease: JobLease, options: { as: 'succeeded' | JobVerdict }): Promise<boolean>
  /** Gives the verdict `cancelled` to all open jobs of an image; those that wait become due for their handler's cleaning up. @returns how many */
  cancel(imageId: string, options: { reason: string }): Promise<number>
  /** Removes a job that nobody has begun. @returns false if it was begun or is gone */
  withdraw(id: string): Promise<boolean>
  /** Removes jobs that ended longer ago than `ageMs`. @returns how many */
  purge(options: { ageMs: number }): Promise<number>
}
