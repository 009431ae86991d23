import { setTimeout as sleep } from 'node:timers/promises'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import { openPlacesAsStream, placesOf } from '../data/open-places.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImageCache } from './image-cache.ts'

export interface PrefetcherOptions {
  readonly images: Pick<ImageRepository, 'get'>
  readonly stores: StoreSet
  readonly log: Logger
}

/** Fetches queued images into the cache, one after the other. @see glance `image_cache/prefetcher.py` */
export class Prefetcher {
  readonly #cache: ImageCache
  readonly #options: PrefetcherOptions
  readonly #asked = new Set<string>()
  #wake: (() => void) | undefined

  constructor(cache: ImageCache, options: PrefetcherOptions) {
    this.#cache = cache
    this.#options = options
  }

  /** Has a queued image fetched as soon as those asked for before it are, if `serve` runs. */
  ask(imageId: string): void {
    this.#asked.add(imageId)
    this.#wake?.()
  }

  /** Fetches what is asked for, until the signal. */
  async serve(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
    while (!signal.aborted) {
      const [imageId] = this.#asked
      if (imageId === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
        continue
      }
      await this.#fetch(imageId, signal)
      this.#asked.delete(imageId)
    }
  }

  /**
   * Fetches the whole queue. @returns whether all of it is in the cache now; undefined if another process of this node is
   * doing so
   */
  run(signal: AbortSignal): Promise<boolean | undefined> {
    return this.#cache.prefetching(async () => {
      let isComplete = true
      for (const imageId of await this.#cache.queued()) {
        if (signal.aborted) return false
        if (!(await this.#fetch(imageId, signal))) isComplete = false
      }
      return isComplete
    })
  }

  /** Fetches the queue again and again, until the signal. */
  async runForever({ intervalMs, signal }: { intervalMs: number; signal: AbortSignal }): Promise<void> {
    for (;;) {
      await sleep(intervalMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      await this.run(signal).catch((error: unknown) =>
        this.#options.log.error({ err: error }, 'the queue of the cache could not be fetched'),
      )
    }
  }

  /** An image that cannot be fetched now stays in the queue; one that never can does not. */
  async #fetch(imageId: string, signal: AbortSignal): Promise<boolean> {
    const { images, log } = this.#options
    try {
      const image = await images.get(imageId)
      if (image === undefined || (image.status === 'active' && !this.#cache.takes(image))) {
        log.warn({ imageId }, 'a queued image is gone or too large for the cache: it leaves the queue')
        await this.#cache.dequeue(imageId)
        return false
      }
      if (image.status !== 'active') {
        log.warn({ imageId, status: image.status }, 'a queued image is not active: it is not cached')
        return false
      }
      await this.#cache.fetch(image, { openStore: this.#opener(image), signal })
      return true
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error, imageId }, 'a queued image could not be fetched')
      return false
    }
  }

  #opener(image: Image): Parameters<ImageCache['fetch']>[1]['openStore'] {
    const { stores, log } = this.#options
    return (range, options) => openPlacesAsStream(placesOf(image, { stores }), { range, log, ...options })
  }
}
