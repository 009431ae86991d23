import { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { AuditRepository } from '../../ports/audit.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import { expectedDigest } from '../audit/check-blob.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import type { StoreSet } from '../data/store-set.ts'
import { lockProperty } from '../import/bookkeeping.ts'
import { Transfer } from '../import/transfer.ts'
import type { Copy, Plan } from './plan.ts'
import { isAtRest, watchImage } from './watch-image.ts'

export interface CopierOptions {
  readonly images: ImageRepository
  readonly audit: AuditRepository
  readonly stores: StoreSet
  readonly digests: DigestPool
  readonly log: Logger
}

export interface CopyOrder {
  readonly plan: Plan
  readonly copies: readonly Copy[]
  /** Nobody has begun these copies before, as far as is known. */
  readonly isFirst: boolean
  /** Waits until so much may be read. */
  readonly admit: (amount: { bytes: number }) => Promise<void>
  readonly signal: AbortSignal
}

/** What became of the targets of a plan. */
export interface CopyOutcome {
  /** The image with its new locations; as it was if there are none. */
  readonly image: Image
  readonly copied: readonly string[]
  /** Why others got no copy, by the id of the store. */
  readonly failures: ReadonlyMap<string, unknown>
}

/**
 * Makes the copies that a plan asks for: one read for all of them, verified by size and digest, and recorded in one change
 * of the image together with the end of the locations they replace. Gives way to whoever changes the image: an import, a deactivation, a deletion.
 */
export class Copier {
  readonly #options: CopierOptions

  constructor(options: CopierOptions) {
    this.#options = options
  }

  /**
   * A source that fails is followed by the next one. Nothing is left of copies that fail.
   * @throws image_changed when somebody else works on the image, the reason of the signal
   */
  async copy(image: Image, order: CopyOrder): Promise<CopyOutcome> {
    using watch = watchImage(image.id, { images: this.#options.images, signal: order.signal })
    const sources = this.#sources(image, order)
    const { targets } = order.plan
    let failures: ReadonlyMap<string, unknown> = new Map()
    for (const [i, source] of sources.entries()) {
      const transfer = this.#transfer(image, order)
      try {
        return await this.#read(image, { ...order, source, transfer, signal: watch.signal })
      } catch (error) {
        await transfer.abort()
        watch.signal.throwIfAborted()
        if (isTaken(error)) throw error
        failures = new Map(targets.map((id) => [id, transfer.failures.get(id) ?? error]))
        // No other source helps where no store takes the data.
        const isSourceFault = transfer.failures.size < targets.length
        if (!isSourceFault || i === sources.length - 1) break
        this.#options.log.warn(
          { err: error, imageId: image.id, store: source.store.id },
          'a copy cannot be copied from',
        )
      }
    }
    return { image, copied: [], failures }
  }

  #transfer(image: Image, { plan }: CopyOrder): Transfer {
    const { stores, log } = this.#options
    return new Transfer({
      key: image.id,
      stores: plan.targets.map((id) => stores.get(id)),
      allMustSucceed: false,
      requester: { userId: null, projectId: image.owner, token: null },
      mayClear: (store) => this.#mayClear(image.id, { store, plan }),
      log,
    })
  }

  async #read(image: Image, order: CopyOrder & { source: Source; transfer: Transfer }): Promise<CopyOutcome> {
    const { digests } = this.#options
    const { source, transfer, signal } = order
    const expected = expectedDigest(image)
    await transfer.open({ sizeBytes: image.sizeBytes, isFirst: order.isFirst })
    const data = await source.store.open(source.url, { signal })
    try {
      const { digests: found } = await transfer.stream(Readable.from(paced(data, order), { objectMode: false }), {
        digests,
        algorithms: expected ? [expected.algorithm] : [],
        sizeBytes: image.sizeBytes,
        checkSize: () => {},
        signal,
      })
      if (found[0] !== expected?.value) throw new GlimpseError('copy_damaged', { store: source.store.id })
    } finally {
      data.destroy()
    }
    const copied = await transfer.commit()
    const updated = await this.#record(image, order, copied)
    await transfer.settle()
    return { image: updated, copied: copied.map(({ store }) => store.id), failures: transfer.failures }
  }

  /** The new locations take the place of lost ones, unless the image was taken by somebody else meanwhile. */
  #record(image: Image, { copies, plan }: CopyOrder, copied: Awaited<ReturnType<Transfer['commit']>>): Promise<Image> {
    const { stores, images } = this.#options
    const addLocations = copied.map(({ store, blob }) => ({
      url: blob.url,
      metadata: stores.multiple ? { ...blob.metadata, store: store.id } : blob.metadata,
      status: 'active',
    }))
    const filled = new Set<string | null>(copied.map(({ store }) => store.id))
    const replaced = copies.filter((copy) => plan.replaces.includes(copy.locationId) && filled.has(copy.storeId))
    const removeLocations = replaced.map(({ locationId }) => ({ id: locationId, status: 'deleted' }))
    // Another copier, or whoever adds locations, may have been faster.
    const locations = image.locations.map(({ id }) => id)
    const holding = { name: lockProperty, value: null }
    return images.update(
      image.id,
      { addLocations, removeLocations },
      { from: ['active'], holding, locations, keepsLocation: true },
    )
  }

  /**
   * Whether what lies in the store under the image's id is nobody's: left by a process that died before it could record it.
   * Data that waits for the scrubber is the scrubber's.
   */
  async #mayClear(imageId: string, { store, plan }: { store: BlobStore; plan: Plan }): Promise<boolean> {
    const { images, audit, stores } = this.#options
    const image = await images.get(imageId)
    if (!image || !isAtRest(image)) throw new GlimpseError('image_changed', { id: imageId })
    const rows = await audit.locationsOf([imageId])
    return !rows.some(
      ({ id, url, metadata }) => !plan.replaces.includes(id) && stores.forLocation(url, metadata)?.id === store.id,
    )
  }

  /** Good copies first, those of the default store and of stores with more weight in front. */
  #sources(image: Image, { copies }: CopyOrder): Source[] {
    const { stores } = this.#options
    const found = image.locations.flatMap(({ id, url, metadata }) => {
      const store = stores.forLocation(url, metadata)
      const isGood = copies.some((copy) => copy.locationId === id && copy.state === 'good')
      return store && isGood ? [{ store, url }] : []
    })
    const rank = ({ store }: Source) => stores.weightOf(store)
    const isDefault = ({ store }: Source) => Number(store === stores.default)
    return found.sort((a, b) => rank(b) - rank(a) || isDefault(b) - isDefault(a))
  }
}

interface Source {
  readonly store: BlobStore
  readonly url: string
}

async function* paced(data: Readable, { admit }: Pick<CopyOrder, 'admit'>): AsyncGenerator<Buffer, void> {
  for await (const chunk of data as AsyncIterable<Buffer>) {
    await admit({ bytes: chunk.length })
    yield chunk
  }
}

/** Whether the image was taken by somebody else while it was copied. */
export function isTaken(error: unknown): boolean {
  return (
    hasCode(error, 'image_changed') ||
    hasCode(error, 'image_not_found') ||
    hasCode(error, 'image_status_conflict') ||
    hasCode(error, 'image_property_conflict')
  )
}
