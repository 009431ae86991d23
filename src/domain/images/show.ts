import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { ImageQuery, ImageRepository } from '../../ports/repositories.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ImageFinder } from './find.ts'

/** A page of images. */
export interface ImagePage {
  readonly images: readonly Image[]
  /** Where the next page starts; absent on the last one. */
  readonly nextMarker?: string
}

/** What a caller is shown of an image: where its data lies only while he may read it. @see glance `sqlalchemy/api.py` `_normalize_locations` */
export function shownTo(context: RequestContext, image: Image): Image {
  if (image.status !== 'deactivated' || context.isAdmin || image.locations.length === 0) return image
  return { ...image, locations: [] }
}

/** Reads images. @see glance `api/v2/images.py` `show`, `index` */
export class ShowImages {
  readonly #images: ImageRepository
  readonly #finder: ImageFinder
  readonly #access: ImageAccess

  constructor(images: ImageRepository, { finder, access }: { finder: ImageFinder; access: ImageAccess }) {
    this.#images = images
    this.#finder = finder
    this.#access = access
  }

  /** @throws image_not_found */
  async one(context: RequestContext, id: string): Promise<Image> {
    const image = await this.#finder.find(context, id)
    await this.#access.get(context, image)
    return shownTo(context, image)
  }

  /**
   * A page without those images that the policy hides; a page that they shorten still has a next one.
   * @throws forbidden, marker_not_found
   */
  async page(context: RequestContext, query: ImageQuery): Promise<ImagePage> {
    await this.#access.list(context)
    if (query.limit === 0) return { images: [] }
    const found = await this.#images.list(query)
    const images: Image[] = []
    for (const image of found) {
      const seen = this.#access.mayGet(context, image)
      if (seen instanceof Promise ? await seen : seen) images.push(shownTo(context, image))
    }
    const last = images.at(-1)
    return last && found.length === query.limit ? { images, nextMarker: last.id } : { images }
  }
}
