import type { Job, JobLease, JobVerdict, Json } from '../../ports/jobs.ts'

/** Names a kind of job and the type of its input. */
export interface JobKind<Input extends Json> {
  readonly name: string
  /** Carries the type only. */
  readonly input?: Input
}

/** A job that is being run by this process. */
export interface RunningJob<Input extends Json> extends Omit<Job, 'input' | 'progress' | 'steps'> {
  readonly input: Input
  /** For changes that nobody but who runs the job may make. */
  readonly lease: JobLease
  /**
   * Aborted when the job is to stop: `job_interrupted` (this process ends; another goes on from the last step),
   * `job_cancelled`, or `job_lease_lost` (another process has taken over). Whatever is under way must end soon after.
   */
  readonly signal: AbortSignal
  /**
   * Runs `work` unless a former run of the job has finished the step of that name; gives its result in both cases. What it
   * does must bear being done again: a process may die between the end of `work` and its being recorded.
   * @throws what `work` throws; the reason of the signal
   */
  step<Result extends Json>(name: string, work: (signal: AbortSignal) => Promise<Result>): Promise<Result>
  /**
   * Asks whether the job is still this process's: before what cannot be undone and the database cannot guard.
   * @throws job_lease_lost, database_unavailable
   */
  confirm(): Promise<void>
  /** What a former run of the job has recorded of a step; undefined if it did not finish it. */
  recorded(name: string): Json | undefined
  /** Tells how far it is, in bytes as a rule; recorded with the next heartbeat. */
  progress(value: number): void
}

/**
 * What is done for jobs of one kind. An error makes the job start again after a pause, unless it says that trying again
 * is of no use; see `isRetriable`. After the last attempt the job has failed.
 */
export interface JobHandler<Input extends Json> {
  readonly kind: JobKind<Input>
  /** Starts without a finished step in between; 5 unless told. */
  readonly maxAttempts?: number
  /** Whether it makes sense to try again after `error`. Unless told: after failures of a service or of the database, not after others that have a code. */
  isRetriable?(error: unknown): boolean
  run(job: RunningJob<Input>): Promise<void>
  /**
   * Cleans up after a job that will not succeed, before it ends. May be called again after a process died in it; an error
   * makes it be called again after a pause.
   */
  abandon?(job: RunningJob<Input>, options: { verdict: JobVerdict; reason: string }): Promise<void>
}

/** A handler of whatever input. */
export type AnyJobHandler = Omit<JobHandler<never>, 'kind'> & { readonly kind: { readonly name: string } }
