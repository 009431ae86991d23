import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { ImageQuery, ImageRepository } from '../../ports/repositories.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { MaybePromise } from '../policy/maybe-promise.ts'
import type { PropertyProtections } from '../protections/property-protections.ts'
import type { ImageFinder } from './find.ts'

/** A page of images. */
export interface ImagePage {
  readonly images: readonly Image[]
  /** Where the next page starts; absent on the last one. */
  readonly nextMarker?: string
}

/**
 * What a caller is shown of an image: where its data lies only while he may read it, and the properties that he may read.
 * @see glance `sqlalchemy/api.py` `_normalize_locations`, `api/property_protections.py` `ExtraPropertiesProxy`
 */
export function shownTo(
  context: RequestContext,
  image: Image,
  { protections }: { protections: PropertyProtections | undefined },
): MaybePromise<Image> {
  const hidden = image.status === 'deactivated' && !context.isAdmin && image.locations.length > 0
  const shown = hidden ? { ...image, locations: [] } : image
  return protections ? protections.readable(context, shown) : shown
}

export interface ShowDependencies {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  /** Undefined: properties are not protected. */
  readonly protections: PropertyProtections | undefined
}

/** Reads images. @see glance `api/v2/images.py` `show`, `index` */
export class ShowImages {
  readonly #images: ImageRepository
  readonly #deps: ShowDependencies

  constructor(images: ImageRepository, deps: ShowDependencies) {
    this.#images = images
    this.#deps = deps
  }

  /** @throws image_not_found */
  async one(context: RequestContext, id: string): Promise<Image> {
    const image = await this.#deps.finder.find(context, id)
    await this.#deps.access.get(context, image)
    return shownTo(context, image, this.#deps)
  }

  /**
   * A page without those images that the policy hides; a page that they shorten still has a next one.
   * @throws forbidden, marker_not_found
   */
  async page(context: RequestContext, query: ImageQuery): Promise<ImagePage> {
    await this.#deps.access.list(context)
    if (query.limit === 0) return { images: [] }
    const found = await this.#images.list(query)
    const images: Image[] = []
    for (const image of found) {
      const seen = this.#deps.access.mayGet(context, image)
      if (!(seen instanceof Promise ? await seen : seen)) continue
      const shown = shownTo(context, image, this.#deps)
      images.push(shown instanceof Promise ? await shown : shown)
    }
    const last = images.at(-1)
    return last && found.length === query.limit ? { images, nextMarker: last.id } : { images }
  }
}
