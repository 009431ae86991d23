import type { CacheRecords } from '../../ports/cache.ts'
import type { Logger } from '../../ports/logger.ts'

/** Hits are written at most this late: many downloads of an image cost one change of its record. */
const writeAfterMs = 250

/** Counts downloads from the cache. */
export class HitCounter {
  readonly #records: CacheRecords
  readonly #log: Logger
  readonly #counts = new Map<string, { count: number; at: Date }>()
  #timer: NodeJS.Timeout | undefined

  constructor(records: CacheRecords, { log }: { log: Logger }) {
    this.#records = records
    this.#log = log
  }

  hit(imageId: string): void {
    this.#counts.set(imageId, { count: (this.#counts.get(imageId)?.count ?? 0) + 1, at: new Date() })
    this.#timer ??= setTimeout(() => void this.flush(), writeAfterMs)
  }

  /** What was counted of an image that is no longer there is not for the next entry. Without an id: of all images. */
  forget(imageId?: string): void {
    if (imageId === undefined) this.#counts.clear()
    else this.#counts.delete(imageId)
  }

  /** Writes what was counted. A failure loses counts, nothing else. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const counts = [...this.#counts]
    this.#counts.clear()
    for (const [imageId, { count, at }] of counts) {
      await this.#records
        .hit(imageId, { count, at })
        .catch((error: unknown) => this.#log.warn({ err: error, imageId }, 'hits of the cache could not be counted'))
    }
  }
}
