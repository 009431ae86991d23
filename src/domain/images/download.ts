import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { ByteRange, StoreCallOptions } from '../../ports/blob-store.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageCache } from '../cache/image-cache.ts'
import { type BlobSource, openPlaces, openPlacesAsStream, placesOf } from '../data/open-places.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ImageFinder } from './find.ts'

export interface DownloadOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly stores: StoreSet
  /** Undefined: downloads go past the cache, or there is none. */
  readonly cache: ImageCache | undefined
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
   * Opens the data in the cache, or else at the first location that can give it; others take over when it fails later.
   * @throws blob_not_found if no location has it, otherwise what a location failed with
   */
  async open(
    image: Image,
    { preferred = [], ...options }: StoreCallOptions & { range: Required<ByteRange>; preferred?: readonly string[] },
  ): Promise<BlobSource> {
    const { stores, cache } = this.#options
    const log = this.#options.log.child({ imageId: image.id })
    const places = placesOf(image, { stores, preferred })
    if (places.length === 0) throw new GlimpseError('blob_not_found', { store: stores.default.id })
    const { requester, signal } = options
    const cached = await cache?.open(image, {
      range: options.range,
      openStore: (range, own) => openPlacesAsStream(places, { range, log, ...(requester && { requester }), ...own }),
      ...(signal && { signal }),
    })
    return cached ?? openPlaces(places, { ...options, log })
  }
}

/** True if there is nothing to send: no location has data, as for an image that waits for it. */
export function isNoData(error: unknown): boolean {
  return hasCode(error, 'blob_not_found')
}
