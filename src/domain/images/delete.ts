import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { ImageCache } from '../cache/image-cache.ts'
import { removeBlobs } from '../data/remove-blobs.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ForgetImport } from '../import/forget-import.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ImageFinder } from './find.ts'

export interface DeleteOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly stores: StoreSet
  readonly imports: ForgetImport
  /** Deleted images leave it; undefined: downloads do not go through it, or there is none. */
  readonly cache: Pick<ImageCache, 'remove'> | undefined
  readonly log: Logger
  /** `delayed_delete`: data of deleted images waits for the scrubber. */
  readonly delayed: boolean
}

/** How often a delete starts again because the image changed meanwhile. */
const attempts = 5

/** Deletes images with their data. @see glance `api/v2/images.py` `delete`, `domain/__init__.py` `Image.delete` */
export class DeleteImage {
  readonly #images: ImageRepository
  readonly #options: DeleteOptions

  constructor(images: ImageRepository, options: DeleteOptions) {
    this.#images = images
    this.#options = options
  }

  /**
   * Data goes first: a store that cannot give it up keeps the image as it was. If the status or the locations change meanwhile
   * (an upload ends, a copy is made), the delete starts again, so that it never leaves data that it has not seen.
   * @throws image_not_found, forbidden, image_protected, bad_request, blob_in_use, image_status_conflict
   */
  async run(context: RequestContext, id: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const image = await this.#options.finder.find(context, id)
      await this.#options.access.delete(context, image)
      if (image.protected) throw new GlimpseError('image_protected', { id })
      try {
        await this.#options.imports.before(image)
        await this.#delete(context, image)
        await this.#forgetCached(id)
        return await this.#options.imports.after(image)
      } catch (error) {
        const isChanged = hasCode(error, 'image_status_conflict') || hasCode(error, 'image_changed')
        if (attempt === attempts || !isChanged) throw error
      }
    }
  }

  /** What stays here is pruned some day: nobody can download it. */
  async #forgetCached(id: string): Promise<void> {
    const { cache, log } = this.#options
    await cache?.remove(id).catch((error: unknown) => log.warn({ err: error, imageId: id }, 'a cached image stays'))
  }

  async #delete(context: RequestContext, image: Image): Promise<void> {
    const from = [image.status]
    if (!this.#options.delayed || image.locations.length === 0) {
      await removeBlobs(image, { ...this.#options, requester: context })
      return this.#images.delete(image.id, { from, locations: image.locations.map((location) => location.id) })
    }
    if (image.status !== 'active') {
      throw new GlimpseError('bad_request', {
        reason: `Image status transition from ${image.status} to pending_delete is not allowed`,
      })
    }
    return this.#images.delete(image.id, { from, status: 'pending_delete' })
  }
}
