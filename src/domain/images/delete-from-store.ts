import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { ScrubRepository } from '../../ports/scrub.ts'
import { removeBlobs } from '../data/remove-blobs.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ImageFinder } from './find.ts'

export interface DeleteFromStoreOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly scrub: ScrubRepository
  readonly stores: StoreSet
  readonly log: Logger
  /** `delayed_delete`: the data waits for the scrubber. */
  readonly delayed: boolean
}

/** An image and one of its stores. */
export interface StoredImage {
  readonly storeId: string
  readonly imageId: string
}

/** Removes an image's data from one of several stores. @see glance `api/v2/images.py` `delete_from_store` */
export class DeleteFromStore {
  readonly #images: ImageRepository
  readonly #options: DeleteFromStoreOptions

  constructor(images: ImageRepository, options: DeleteFromStoreOptions) {
    this.#images = images
    this.#options = options
  }

  /**
   * The location goes first, as one whose data is still to be removed: a process that dies in between leaves it to the
   * scrubber, and two deletes at the same time never take the last one. A store that does not give the data up gets the
   * location back.
   * @throws not_found, conflict, image_not_found, forbidden, image_status_conflict, blob_in_use, store_unavailable
   */
  async run(context: RequestContext, { storeId, imageId }: StoredImage): Promise<void> {
    const { stores, finder, access, scrub, delayed } = this.#options
    if (!stores.multiple) throw new GlimpseError('not_found', { reason: 'The resource could not be found.' })
    if (!stores.all().some(({ id }) => id === storeId)) {
      throw new GlimpseError('conflict', { reason: `There is no store ${storeId} on this node.` })
    }
    const image = await finder.find(context, imageId)
    await access.readLocations(context, image)
    await access.deleteLocations(context, image)
    const location = requireLocation(image, storeId)
    await this.#images.update(
      imageId,
      { removeLocations: [{ id: location.id, status: 'pending_delete' }] },
      { from: ['active'], keepsLocation: true },
    )
    if (delayed) return
    try {
      await removeBlobs({ ...image, locations: [location] }, { ...this.#options, requester: context })
    } catch (error) {
      const { url, metadata, status } = location
      await scrub.removed(location.id)
      await this.#images.update(imageId, { addLocations: [{ url, metadata, status }] })
      throw error
    }
    await scrub.removed(location.id)
  }
}

function requireLocation({ id, status, locations }: Image, storeId: string): Image['locations'][number] {
  if (status !== 'active') {
    throw new GlimpseError('conflict', {
      reason: `Data of an image in status ${status} cannot be removed from a store.`,
    })
  }
  if (locations.length === 1) throw new GlimpseError('location_last', { id })
  const location = locations.find(({ metadata }) => metadata.store === storeId)
  if (!location) throw new GlimpseError('not_found', { reason: `Image ${id} is not stored in store ${storeId}.` })
  return location
}
