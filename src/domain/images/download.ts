import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore, ByteRange, LocalBlob, StoreCallOptions } from '../../ports/blob-store.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, ImageLocation } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ImageFinder } from './find.ts'

/** Data that is ready to be sent: a local file, or a stream of just the range. */
export type BlobSource = { readonly file: LocalBlob } | { readonly stream: Readable }

export interface DownloadOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly stores: StoreSet
  readonly log: Logger
}

/** Reads the data of images. @see glance `api/v2/image_data.py` `download`, `location.py` `get_data` */
export class DownloadImage {
  readonly #options: DownloadOptions

  constructor(options: DownloadOptions) {
    this.#options = options
  }

  /**
   * The image, if the caller may have its data. `preferred` names stores to read from first.
   * @throws image_not_found, forbidden, bad_request for a store that does not exist
   */
  async find(context: RequestContext, id: string, preferred: readonly string[] = []): Promise<Image> {
    const { finder, access, stores } = this.#options
    const image = await finder.find(context, id)
    if (image.status === 'deactivated' && !context.isAdmin) {
      const reason = 'The requested image has been deactivated. Image data download is forbidden.'
      throw new GlimpseError('forbidden', { reason })
    }
    await access.download(context, image)
    if (preferred.length === 0) return image
    await access.downloadFromStore(context, image)
    if (!stores.multiple) {
      const reason = 'Store selection for download is not available when multiple backends are not enabled.'
      throw new GlimpseError('bad_request', { reason })
    }
    for (const storeId of preferred) {
      if (stores.list().some(({ store }) => store.id === storeId)) continue
      throw new GlimpseError('bad_request', { reason: `Store '${storeId}' is not configured.` })
    }
    return image
  }

  /**
   * Opens the data at the first location that can give it.
   * @throws blob_not_found if no location has it, otherwise what the last location failed with
   */
  async open(
    image: Image,
    options: StoreCallOptions & { range: ByteRange; preferred?: readonly string[] },
  ): Promise<BlobSource> {
    const { stores, log } = this.#options
    let failure: unknown = new GlimpseError('blob_not_found', { store: stores.default.id })
    for (const location of this.#ordered(image, options.preferred ?? [])) {
      const store = stores.forLocation(location.url, location.metadata)
      try {
        if (store === undefined) throw new GlimpseError('store_unavailable', noStore(location))
        return await openAt(store, location.url, options)
      } catch (error) {
        options.signal?.throwIfAborted()
        log.warn({ err: error, imageId: image.id, store: store?.id }, 'a location of the image cannot be read')
        failure = error
      }
    }
    throw failure
  }

  /** Preferred stores first, then by weight, then as they were added. */
  #ordered(image: Image, preferred: readonly string[]): readonly ImageLocation[] {
    const { stores } = this.#options
    const rank = (location: ImageLocation) => {
      const store = stores.forLocation(location.url, location.metadata)
      const weight = store === undefined ? 0 : stores.weightOf(store)
      return { first: store !== undefined && preferred.includes(store.id) ? 1 : 0, weight }
    }
    return image.locations
      .filter(({ status }) => status === 'active')
      .map((location) => ({ location, ...rank(location) }))
      .sort((a, b) => b.first - a.first || b.weight - a.weight)
      .map(({ location }) => location)
  }
}

async function openAt(
  store: BlobStore,
  url: string,
  options: StoreCallOptions & { range: ByteRange },
): Promise<BlobSource> {
  const { range, requester, signal } = options
  if (store.openFile === undefined) {
    const stream = await store.open(url, { range, ...(requester && { requester }), ...(signal && { signal }) })
    return { stream }
  }
  const file = await store.openFile(url)
  const neededBytes = range.offset + (range.length ?? 0)
  if (file.sizeBytes >= neededBytes) return { file }
  await file.close()
  throw new GlimpseError('blob_truncated', { store: store.id, expectedBytes: neededBytes, readBytes: file.sizeBytes })
}

/** Locations may hold credentials: only the scheme is named. */
function noStore({ url, metadata }: ImageLocation): { store: string; reason: string } {
  const named = typeof metadata.store === 'string' ? metadata.store : url.slice(0, url.indexOf(':'))
  return { store: named, reason: 'it is not configured on this node' }
}

/** True if there is nothing to send: no location has data, as for an image that waits for it. */
export function isNoData(error: unknown): boolean {
  return hasCode(error, 'blob_not_found')
}
