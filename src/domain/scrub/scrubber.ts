import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from '../../errors/error.ts'
import type { Logger } from '../../ports/logger.ts'
import type { DueImage, DueLocation, ScrubRepository } from '../../ports/scrub.ts'
import type { StoreSet } from '../data/store-set.ts'

export interface ScrubberOptions {
  readonly stores: StoreSet
  readonly log: Logger
  /** `scrub_time` */
  readonly delayMs: number
  /** Images that are worked on at the same time. */
  readonly poolSize: number
}

/** What a run did. */
export interface ScrubOutcome {
  readonly images: number
  /** Images that keep some of their data; the next run tries again. */
  readonly failed: number
}

const pageSize = 500
/** Between two words on a long run. */
const progressMs = 10_000

/**
 * Removes the data of images in `pending_delete`. Scrubbers may run side by side, also with those of the reference: data
 * that is gone counts as removed, and every change of the database is a compare-and-set.
 * @see glance `scrubber.py`
 */
export class Scrubber {
  readonly #scrub: ScrubRepository
  readonly #options: ScrubberOptions

  constructor(scrub: ScrubRepository, options: ScrubberOptions) {
    this.#scrub = scrub
    this.#options = options
  }

  /**
   * Works once through all images that are due. Stops early, between two locations, when `signal` is aborted.
   * @throws database_unavailable
   */
  async run({ signal }: { signal?: AbortSignal } = {}): Promise<ScrubOutcome> {
    const { log, poolSize } = this.#options
    const startedAt = Date.now()
    const done = { images: 0, failed: 0 }
    let saidAt = startedAt
    const queue = this.#due(new Date(startedAt - this.#options.delayMs))
    const work = async () => {
      for (;;) {
        const { value: image, done: ended } = await queue.next()
        if (ended || signal?.aborted) return
        if (await this.scrub(image, { ...(signal && { signal }) })) done.images += 1
        else done.failed += 1
        if (Date.now() - saidAt < progressMs) continue
        saidAt = Date.now()
        log.info({ ...done, seconds: Math.round((saidAt - startedAt) / 1000) }, 'scrubbing goes on')
      }
    }
    await Promise.all(Array.from({ length: poolSize }, work))
    log.info({ ...done }, 'scrubbing has ended')
    return done
  }

  /** Runs again and again, `intervalMs` after the end of the run before, until `signal` is aborted. */
  async runForever({ intervalMs, signal }: { intervalMs: number; signal: AbortSignal }): Promise<void> {
    const { log } = this.#options
    while (!signal.aborted) {
      await this.run({ signal }).catch((error: unknown) => log.error({ err: error }, 'the run has failed'))
      await sleep(intervalMs, undefined, { signal }).catch(() => {})
    }
  }

  /** Makes an image in `pending_delete` active again. @throws image_not_found, conflict */
  async restore(imageId: string): Promise<void> {
    await this.#scrub.restore(imageId)
    this.#options.log.info({ imageId }, 'the image is active again')
  }

  async *#due(before: Date): AsyncGenerator<DueImage, undefined> {
    let after: string | undefined
    for (;;) {
      const page = await this.#scrub.due({ before, limit: pageSize, ...(after === undefined ? {} : { after }) })
      yield* page
      if (page.length < pageSize) return
      after = page.at(-1)?.id
    }
  }

  /** Removes the data of one image. @returns whether all of it is gone */
  async scrub({ id, locations }: DueImage, { signal }: { signal?: AbortSignal } = {}): Promise<boolean> {
    const { log } = this.#options
    let failures = 0
    for (const location of locations) {
      if (signal?.aborted) return false
      try {
        await this.#scrubLocation(id, location)
      } catch (error) {
        failures += 1
        log.error({ err: error, imageId: id, locationId: location.id }, 'data cannot be removed')
      }
    }
    if (failures > 0) {
      log.warn({ imageId: id, failures }, 'some data could not be removed; the next run tries again')
      return false
    }
    if (await this.#scrub.finish(id)) log.info({ imageId: id }, 'the image has been scrubbed')
    return true
  }

  async #scrubLocation(imageId: string, { id, url, metadata }: DueLocation): Promise<void> {
    const { stores, log } = this.#options
    // The image may have been restored, or scrubbed by another scrubber, since the page was read.
    if (!(await this.#scrub.isDue(id))) return
    const store = stores.forLocation(url, metadata)
    if (!store) throw new Error(`no store of this configuration holds the data (store ${String(metadata.store)})`)
    try {
      // What lies in a read-only store is not ours to remove.
      await store.delete?.(url)
    } catch (error) {
      if (!hasCode(error, 'blob_not_found')) throw error
      log.info({ imageId, store: store.id }, 'the data was gone already')
    }
    await this.#scrub.removed(id)
  }
}
