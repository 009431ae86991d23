import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from '../../ports/jobs.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import { missingDigests } from './missing-digests.ts'

export interface BackfillOptions {
  /** Images that are worked on at the same time. */
  readonly parallel: number
  /** Most images; absent: all. */
  readonly limit?: number
  /** Aborted: no more jobs are ordered, and those that there are go on by themselves. */
  readonly signal?: AbortSignal
  /** Called when the work on an image has ended, and once in a while in between. */
  readonly onProgress?: (progress: BackfillProgress) => void
}

export interface BackfillProgress {
  readonly done: number
  readonly failed: readonly { readonly imageId: string; readonly reason: string }[]
  /** Jobs that have not ended. */
  readonly open: readonly Job[]
}

const pageSize = 100
const pollMs = 250

/**
 * Has jobs compute the digests that images lack, a few at a time, so that imports find room beside them. The jobs are run
 * by the services; started again it goes on where it was, for images with digests are not found again.
 */
export class DigestBackfill {
  readonly #repositories: Pick<Repositories, 'images' | 'jobs'>
  readonly #queue: JobQueue

  constructor(repositories: Pick<Repositories, 'images' | 'jobs'>, queue: JobQueue) {
    this.#repositories = repositories
    this.#queue = queue
  }

  /** Resolves when all jobs have ended, or when the signal is aborted. @throws database_unavailable */
  async run({ parallel, limit, signal, onProgress }: BackfillOptions): Promise<BackfillProgress> {
    const images = this.#images(limit)
    const open = new Map<string, Job>()
    const failed: { imageId: string; reason: string }[] = []
    let done = 0
    let isMore = true
    const progress = () => ({ done, failed, open: [...open.values()] })
    while ((isMore || open.size > 0) && !signal?.aborted) {
      while (isMore && open.size < parallel) {
        const next = await images.next()
        if (next.done) isMore = false
        else open.set(next.value, await this.#order(next.value))
      }
      for (const [imageId, { id }] of open) {
        const job = await this.#repositories.jobs.get(id)
        if (job?.status === 'queued' || job?.status === 'running') {
          open.set(imageId, job)
          continue
        }
        open.delete(imageId)
        if (job?.status === 'failed') failed.push({ imageId, reason: job.reason ?? '' })
        else done += 1
      }
      onProgress?.(progress())
      if (open.size > 0) await sleep(pollMs, undefined, signal ? { signal } : {}).catch(() => {})
    }
    return progress()
  }

  async *#images(limit = Number.POSITIVE_INFINITY): AsyncGenerator<string, void> {
    let count = 0
    for (let after = ''; ; ) {
      const page = await this.#repositories.images.lackingDigests({ after, limit: pageSize })
      for (const id of page) {
        if (count++ >= limit) return
        yield id
      }
      if (page.length < pageSize) return
      after = page.at(-1) ?? after
    }
  }

  /** All these jobs count as one project's when projects take turns. @returns the job that there is already, if there is one */
  async #order(imageId: string): Promise<Job> {
    const { jobs } = this.#repositories
    const isOurs = ({ kind }: Job) => kind === missingDigests.name
    const known = (await jobs.openOf(imageId)).find(isOurs)
    if (known) return known
    const id = await this.#queue.enqueue(missingDigests, { input: { imageId }, project: null, imageId })
    return (await jobs.get(id)) as Job
  }
}
