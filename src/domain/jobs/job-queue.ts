import { randomUUID } from 'node:crypto'
import type { JobRepository, Json } from '../../ports/jobs.ts'
import type { JobKind } from './job-kind.ts'

/** What a job is to do, and for whom. */
export interface JobOrder<Input extends Json> {
  readonly input: Input
  /** Whose turn it is when projects take turns. */
  readonly project: string | null
  /** Cancels the job when that image is deleted. */
  readonly imageId: string | null
  /** Not to be run before. Absent: at once. */
  readonly delayMs?: number
}

/** A job that waits until it is told to start; if nobody tells it, it starts by itself a little later. */
export interface HeldJob {
  readonly id: string
  start(): Promise<void>
  /** Removes the job. No failure: if it was begun already, its handler must find out that there is nothing to do. */
  withdraw(): Promise<void>
}

/** How long a job is held for what must be done before it starts. If the process dies meanwhile, the job finds out. */
const holdMs = 10_000

/** Where jobs are ordered. */
export class JobQueue {
  readonly #jobs: JobRepository
  #wake: () => void = () => {}
  readonly #cancellations = new Set<(imageId: string) => void>()

  constructor(jobs: JobRepository) {
    this.#jobs = jobs
  }

  /** Has `wake` called when a job may be run at once. */
  onReady(wake: () => void): void {
    this.#wake = wake
  }

  /** Has `tell` called when jobs of an image are cancelled here, so that nobody waits for the next heartbeat. @returns what ends it */
  onCancel(tell: (imageId: string) => void): () => void {
    this.#cancellations.add(tell)
    return () => void this.#cancellations.delete(tell)
  }

  /** Has this process look for jobs now. */
  wake(): void {
    this.#wake()
  }

  /** Orders a job, to be run by any process. @returns its id. @throws database_unavailable, bad_request */
  async enqueue<Input extends Json>(kind: JobKind<Input>, order: JobOrder<Input>): Promise<string> {
    const id = randomUUID()
    await this.#jobs.enqueue({ id, kind: kind.name, delayMs: 0, ...order })
    this.#wake()
    return id
  }

  /**
   * Orders a job for a change that is about to be made: with the job there first, a change that was made is never without
   * one. @throws database_unavailable, bad_request
   */
  async hold<Input extends Json>(kind: JobKind<Input>, order: JobOrder<Input>): Promise<HeldJob> {
    const id = randomUUID()
    await this.#jobs.enqueue({ id, kind: kind.name, delayMs: holdMs, ...order })
    return {
      id,
      start: async () => {
        await this.#jobs.hasten(id)
        this.#wake()
      },
      withdraw: async () => void (await this.#jobs.withdraw(id)),
    }
  }

  /** Cancels the open jobs of an image; each ends when its handler has cleaned up. @throws database_unavailable */
  async cancel(imageId: string, options: { reason: string }): Promise<void> {
    if ((await this.#jobs.cancel(imageId, options)) === 0) return
    for (const tell of this.#cancellations) tell(imageId)
    this.#wake()
  }
}
