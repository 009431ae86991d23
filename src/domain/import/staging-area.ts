import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore, BlobWriter, ByteRange } from '../../ports/blob-store.ts'

/** Where data waits for its import: one blob for each image, in a store of the service's own. */
export class StagingArea {
  readonly #store: BlobStore
  readonly #urlOf: (imageId: string) => string

  /** @param urlOf the URL of an image's data in `store` */
  constructor(store: BlobStore, urlOf: (imageId: string) => string) {
    this.#store = store
    this.#urlOf = urlOf
  }

  /** @throws blob_exists, storage_full, store_unavailable */
  create(imageId: string, options: { sizeBytes: number | null }): Promise<BlobWriter> {
    if (!this.#store.create) throw new GlimpseError('store_read_only', { store: this.#store.id })
    return this.#store.create(imageId, options)
  }

  /** @throws blob_not_found, store_unavailable */
  open(imageId: string, options: { signal: AbortSignal; range?: ByteRange }): Promise<Readable> {
    return this.#store.open(this.#urlOf(imageId), options)
  }

  /** @throws blob_not_found, store_unavailable */
  size(imageId: string): Promise<number> {
    return this.#store.size(this.#urlOf(imageId))
  }

  /** Removes the data, if there is any. @throws store_unavailable, storage_write_denied */
  async remove(imageId: string): Promise<void> {
    try {
      await this.#store.delete?.(this.#urlOf(imageId))
    } catch (error) {
      if (!hasCode(error, 'blob_not_found')) throw error
    }
  }
}
