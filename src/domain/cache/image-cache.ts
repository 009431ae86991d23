import { uptime } from 'node:os'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { hasCode } from '../../errors/error.ts'
import type { ByteRange, StoreCallOptions } from '../../ports/blob-store.ts'
import type { CacheEntryFile, CacheFolder, CacheRecord, CacheRecords } from '../../ports/cache.ts'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { nodeHashName } from '../data/hash-names.ts'
import type { BlobSource } from '../data/open-places.ts'
import { type ExpectedData, GrowingImage } from './growing-image.ts'
import { HitCounter } from './hit-counter.ts'
import { type Pruned, prune } from './prune.ts'

export interface ImageCacheOptions {
  readonly folder: CacheFolder
  readonly records: CacheRecords
  readonly digests: DigestPool
  /** `image_cache_max_size` */
  readonly maxBytes: number
  /** Incomplete entries that nobody fills are kept for so long, in case somebody goes on with them. */
  readonly stallMs: number
  readonly log: Logger
}

/** Opens a part of the image's data at its store. */
export type OpenStore = (range: Required<ByteRange>, options: StoreCallOptions) => Promise<Readable>

/** The name of the cache where stores are named. */
const name = 'cache'

/**
 * The images that this node keeps on its own disk, shared by all of its processes: of those who want an image that is not
 * there, one reads the store, and all read the file that grows. Whatever fails here, a reader gets the data from the store.
 * @see glance `image_cache/__init__.py`
 */
export class ImageCache {
  readonly #options: ImageCacheOptions
  readonly #hits: HitCounter
  readonly #growing = new Map<string, Promise<GrowingImage>>()
  /** Checksums of entries that were opened before, by the file they were read from. */
  readonly #checked = new Map<string, { generation: string; checksum: string | null }>()

  constructor(options: ImageCacheOptions) {
    this.#options = options
    this.#hits = new HitCounter(options.records, options)
  }

  /**
   * The data of an image that the caller may have. What is not there comes into the cache on the way, if all of it is
   * wanted. Undefined: the store is to be read.
   * @throws the signal's reason
   */
  async open(
    image: Image,
    { range, openStore, signal }: { range: Required<ByteRange>; openStore: OpenStore; signal?: AbortSignal },
  ): Promise<BlobSource | undefined> {
    try {
      const entry = await this.#openEntry(image)
      if (entry) {
        this.#hits.hit(image.id)
        return { store: name, file: entry }
      }
      return await this.#follow(image, { range, openStore, ...(signal && { signal }) })
    } catch (error) {
      signal?.throwIfAborted()
      this.#options.log.warn({ err: error, imageId: image.id }, 'a download goes past the cache')
      return undefined
    }
  }

  /** Brings an image into the cache. @throws what the store or the disk of the cache fails with, the signal's reason */
  async fetch(image: Image, { openStore, signal }: { openStore: OpenStore; signal: AbortSignal }): Promise<void> {
    const entry = await this.#openEntry(image)
    if (entry) {
      await entry.close()
      await this.#options.folder.dequeue(image.id)
      return
    }
    const growing = await this.#join(image, openStore)
    const leave = () => growing.leave()
    signal.addEventListener('abort', leave, { once: true })
    try {
      await growing.completed()
    } finally {
      signal.removeEventListener('abort', leave)
      if (!signal.aborted) leave()
    }
  }

  /** Whether the image may come into the cache. */
  takes({ status, sizeBytes }: Image): boolean {
    return status === 'active' && sizeBytes !== null && sizeBytes > 0 && sizeBytes <= this.#options.maxBytes
  }

  async cached(): Promise<CacheRecord[]> {
    await this.#hits.flush()
    return this.#options.records.list()
  }

  queued(): Promise<string[]> {
    return this.#options.folder.queued()
  }

  /** Whether the image is in the cache or in the queue. */
  async has(imageId: string): Promise<boolean> {
    const { folder, records } = this.#options
    return (await folder.queued()).includes(imageId) || (await records.get(imageId)) !== undefined
  }

  /** Addresses of the nodes that have the image; undefined if nodes do not know of each other. */
  nodesOf(imageId: string): Promise<string[] | undefined> {
    return this.#options.records.nodesOf(imageId)
  }

  /** Notes that an image is to be fetched, unless it is there. */
  async enqueue(imageId: string): Promise<void> {
    const { folder } = this.#options
    const entry = await folder.openEntry(imageId)
    if (entry) await entry.close()
    else await folder.enqueue(imageId)
  }

  dequeue(imageId: string): Promise<boolean> {
    return this.#options.folder.dequeue(imageId)
  }

  /** Those who read it read on, also while it is on its way. @returns whether it was there */
  async remove(imageId: string): Promise<boolean> {
    const { folder, records } = this.#options
    this.#checked.delete(imageId)
    this.#hits.forget(imageId)
    await folder.removeFill(imageId)
    const removed = await folder.removeEntry(imageId)
    await records.remove(imageId)
    return removed
  }

  /** @returns how many were there */
  async removeAll(): Promise<number> {
    const { folder, records } = this.#options
    this.#checked.clear()
    this.#hits.forget()
    const entries = await folder.entries()
    const removed = await Promise.all(entries.map(({ imageId }) => folder.removeEntry(imageId)))
    await records.removeAll()
    return removed.filter((was) => was).length
  }

  /** @returns how many were there */
  async dequeueAll(): Promise<number> {
    const { folder } = this.#options
    const removed = await Promise.all((await folder.queued()).map((imageId) => folder.dequeue(imageId)))
    return removed.filter((was) => was).length
  }

  /** Removes what is broken, and what was begun long ago and left. */
  async clean(): Promise<void> {
    const { folder, records, stallMs, log } = this.#options
    const invalid = await folder.removeInvalid()
    // What the system had not written when it went down may be missing in the middle of a file.
    const before = Math.max(Date.now() - stallMs, Date.now() - uptime() * 1000)
    let stalled = 0
    for (const { imageId, modifiedAt } of await folder.orphans()) {
      if (modifiedAt.getTime() <= before && (await folder.removeOrphan(imageId))) stalled += 1
    }
    if (invalid + stalled > 0) log.info({ invalid, stalled }, 'broken entries of the cache were removed')
    await this.#reconcile(folder, records)
  }

  /** Removes entries until the rest is within the limit, the least recently used first, and none that is being read. */
  async prune(): Promise<Pruned> {
    await this.#hits.flush()
    for (;;) {
      const pruned = await this.#options.folder.alone('prune', () => prune(this.#options))
      if (pruned !== undefined) return pruned
      await sleep(50)
    }
  }

  /** Runs `work` unless a process of this node prefetches already. @returns undefined then */
  prefetching<T>(work: () => Promise<T>): Promise<T | undefined> {
    return this.#options.folder.alone('prefetch', work)
  }

  /** Stops what is on its way into the cache, and writes what is left to be written. */
  async close(): Promise<void> {
    const growing = await Promise.allSettled(this.#growing.values())
    await Promise.all(growing.map((it) => it.status === 'fulfilled' && it.value.stop()))
    await this.#hits.flush()
    await this.#options.records.close()
  }

  /** The entry, if it holds the image's data: an image can lose its data and get other data. */
  async #openEntry(image: Image): Promise<CacheEntryFile | undefined> {
    const entry = await this.#options.folder.openEntry(image.id)
    if (entry === undefined) return undefined
    try {
      if (entry.sizeBytes === image.sizeBytes && (await this.#isOf(image, entry))) return entry
    } catch (error) {
      await entry.close()
      throw error
    }
    await entry.close()
    this.#options.log.warn(
      { imageId: image.id },
      'an entry of the cache holds other data than the image: it is removed',
    )
    await this.remove(image.id)
    return undefined
  }

  async #isOf(image: Image, { generation }: CacheEntryFile): Promise<boolean> {
    let known = this.#checked.get(image.id)
    if (known?.generation !== generation) {
      known = { generation, checksum: (await this.#options.records.get(image.id))?.checksum ?? null }
      this.#checked.set(image.id, known)
    }
    return known.checksum === null || image.checksum === null || known.checksum === image.checksum
  }

  async #follow(
    image: Image,
    { range, openStore, signal }: { range: Required<ByteRange>; openStore: OpenStore; signal?: AbortSignal },
  ): Promise<BlobSource | undefined> {
    if (!this.takes(image)) return undefined
    if (range.offset > 0 || range.length < (image.sizeBytes ?? 0)) {
      // A part is no reason to fetch the whole, nor to wait for what lies before it.
      const growing = await this.#growing.get(image.id)
      if (growing === undefined || growing.readyBytes <= range.offset) return undefined
    }
    const growing = await this.#join(image, openStore)
    try {
      await growing.ready(range.offset, { ...(signal && { signal }) })
    } catch (error) {
      growing.leave()
      if (!hasCode(error, 'cache_fill_ended')) throw error
      // It may have become complete by another hand.
      const entry = await this.#openEntry(image)
      return entry && { store: name, file: entry }
    }
    return {
      store: name,
      growing: {
        fd: growing.fd,
        ready: (offset, options) => growing.ready(offset, options),
        openRest: openStore,
        close: async () => growing.leave(),
      },
    }
  }

  /** The image on its way into the cache; the caller leaves it when he has done. */
  async #join(image: Image, openStore: OpenStore): Promise<GrowingImage> {
    for (;;) {
      const running = this.#growing.get(image.id)
      if (running !== undefined) {
        const growing = await running
        if (growing.join()) return growing
        if (this.#growing.get(image.id) === running) this.#growing.delete(image.id)
        continue
      }
      const begun: Promise<GrowingImage> = this.#begin(image, {
        openStore,
        onEnd: () => this.#forgetFill(image.id, begun),
      })
      this.#growing.set(image.id, begun)
      begun.catch(() => this.#forgetFill(image.id, begun))
    }
  }

  async #begin(image: Image, { openStore, onEnd }: { openStore: OpenStore; onEnd: () => void }): Promise<GrowingImage> {
    const { folder, digests, log } = this.#options
    const expected = expectedOf(image)
    return new GrowingImage(await folder.openFill(image.id), {
      expected,
      digests,
      openRest: (offset, options) => openStore({ offset, length: expected.sizeBytes - offset }, options),
      isSuperseded: async () => {
        const entry = await this.#openEntry(image)
        await entry?.close()
        return entry !== undefined
      },
      onComplete: () => this.#completed(image),
      onEnd,
      log: log.child({ imageId: image.id }),
    })
  }

  #forgetFill(imageId: string, fill: Promise<GrowingImage>): void {
    if (this.#growing.get(imageId) === fill) this.#growing.delete(imageId)
  }

  async #completed({ id, sizeBytes, checksum }: Image): Promise<void> {
    const { folder, records, log } = this.#options
    await records.add({ imageId: id, sizeBytes: sizeBytes ?? 0, checksum, at: new Date() })
    await folder.dequeue(id)
    this.prune().catch((error: unknown) => log.warn({ err: error }, 'the cache could not be pruned'))
  }

  /** Records follow the files: a process may have died between the two. */
  async #reconcile(folder: CacheFolder, records: CacheRecords): Promise<void> {
    // In this order: what is complete while this goes on is in both.
    const noted = new Set((await records.list()).map(({ imageId }) => imageId))
    const entries = await folder.entries()
    for (const { imageId, sizeBytes, modifiedAt } of entries) {
      if (noted.delete(imageId) || (await records.get(imageId)) !== undefined) continue
      await records.add({ imageId, sizeBytes, checksum: null, at: modifiedAt })
    }
    for (const imageId of noted) await records.remove(imageId)
  }
}

function expectedOf({ sizeBytes, checksum, osHashAlgo, osHashValue }: Image): ExpectedData {
  const algorithm = osHashAlgo === null ? undefined : nodeHashName(osHashAlgo)
  const digest =
    algorithm !== undefined && osHashValue !== null
      ? { algorithm, value: osHashValue }
      : checksum === null
        ? null
        : { algorithm: 'md5', value: checksum }
  return { sizeBytes: sizeBytes ?? 0, digest }
}
