import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore, BlobWriter } from '../../ports/blob-store.ts'
import type { Image, ImageLocation } from '../../ports/image.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { receive } from '../data/receive.ts'
import type { StoreSet } from '../data/store-set.ts'
import { lockProperty } from '../import/bookkeeping.ts'
import type { StepTools } from '../passes/program.ts'
import { checkBlob, expectedDigest } from './check-blob.ts'

export interface RepairOptions {
  readonly repositories: Pick<Repositories, 'images' | 'jobs'>
  readonly stores: StoreSet
  readonly digests: DigestPool
}

interface Place {
  readonly location: ImageLocation
  readonly store: BlobStore
}

/** Puts data that is missing or wrong right, from another location of the image whose digest is right. */
export class Repair {
  readonly #options: RepairOptions

  constructor(options: RepairOptions) {
    this.#options = options
  }

  /** @returns undefined if the data is right again, else why it is not */
  async run(image: Image, bad: ImageLocation, tools: StepTools): Promise<string | undefined> {
    const { stores, repositories } = this.#options
    const store = stores.forLocation(bad.url, bad.metadata)
    // Data in accounts of projects is theirs to write.
    const isOurs = store?.setReaders === undefined && bad.url.includes(image.id)
    if (!store?.create || !store.delete || !isOurs) return 'the store takes no data for it'
    if (expectedDigest(image) === undefined) return 'no digest tells which data is right'
    const isBusy = image.properties[lockProperty] || (await repositories.jobs.openOf(image.id)).length > 0
    if (isBusy) return 'other work on the image is under way'
    const good = await this.#goodCopy(image, bad, tools)
    if (!good) return 'no other location has the right data'
    const current = await repositories.images.get(image.id)
    if (!current?.locations.some(({ id }) => id === bad.id)) return 'another location has taken its place'
    try {
      await store.delete(bad.url, { signal: tools.signal }).catch((error: unknown) => {
        if (!hasCode(error, 'blob_not_found')) throw error
      })
      return await this.#copy(image, { from: good, to: { location: bad, store } }, tools)
    } catch (error) {
      tools.signal.throwIfAborted()
      if (!(error instanceof GlimpseError)) throw error
      return error.message
    }
  }

  /** The first other location whose data was read and is right. */
  async #goodCopy(image: Image, bad: ImageLocation, tools: StepTools): Promise<Place | undefined> {
    const { stores, digests } = this.#options
    for (const location of image.locations) {
      const store = location.id === bad.id ? undefined : stores.forLocation(location.url, location.metadata)
      if (!store || store.capabilities.manyServers) continue
      const fault = await checkBlob({ image, location, store }, { digests, readsData: true, tools })
      if (!fault) return { location, store }
    }
    return undefined
  }

  async #copy(image: Image, { from, to }: { from: Place; to: Place }, tools: StepTools): Promise<string | undefined> {
    const expected = expectedDigest(image)
    const requester = { userId: null, projectId: image.owner, token: null }
    const writer = await (to.store as Required<BlobStore>).create(image.id, { sizeBytes: image.sizeBytes, requester })
    try {
      const body = await from.store.open(from.location.url, { range: { offset: 0 }, signal: tools.signal })
      const received = await receive(body, {
        writer: {
          write: async (chunk) => {
            await tools.admit({ bytes: chunk.length })
            await writer.write(chunk)
          },
        },
        digests: this.#options.digests,
        algorithms: [expected?.algorithm ?? 'md5'],
        sizeBytes: image.sizeBytes,
        checkSize() {},
        signal: tools.signal,
      })
      if (received.digests[0] !== expected?.value) throw new GlimpseError('blob_not_found', { store: from.store.id })
      await this.#record(image, to, writer)
    } catch (error) {
      await writer.abort()
      throw error
    }
    await writer.settle()
    return undefined
  }

  /** Makes the data visible where the image looks for it. @throws image_gone */
  async #record(image: Image, { location, store }: Place, writer: BlobWriter): Promise<void> {
    const { repositories, stores } = this.#options
    const written = await writer.commit()
    const current = await repositories.images.get(image.id)
    const isWanted = current?.locations.some(({ id }) => id === location.id) && current.status === image.status
    if (!isWanted) throw new GlimpseError('image_gone', { id: image.id })
    if (written.url === location.url) return
    const metadata = stores.multiple ? { ...written.metadata, store: store.id } : written.metadata
    await repositories.images.update(
      image.id,
      {
        addLocations: [{ url: written.url, metadata, status: 'active' }],
        removeLocations: [{ id: location.id, status: 'deleted' }],
      },
      { from: [image.status] },
    )
  }
}
