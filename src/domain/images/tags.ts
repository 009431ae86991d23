import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ImageFinder } from './find.ts'
import { type Quotas, requireBasicPlane, requireQuota } from './limits.ts'

/** Single tags of images. @see glance `api/v2/image_tags.py` */
export class ImageTags {
  readonly #images: ImageRepository
  readonly #options: { readonly finder: ImageFinder; readonly access: ImageAccess; readonly quotas: Quotas }

  constructor(
    images: ImageRepository,
    options: { readonly finder: ImageFinder; readonly access: ImageAccess; readonly quotas: Quotas },
  ) {
    this.#images = images
    this.#options = options
  }

  /** Adds a tag; nothing happens if it is there. @throws image_not_found, forbidden, quota_exceeded, bad_request */
  async add(context: RequestContext, { id, tag }: { id: string; tag: string }): Promise<void> {
    const { finder, access, quotas } = this.#options
    const image = await finder.find(context, id)
    await access.modify(context, image)
    requireBasicPlane(tag, 'Tags')
    requireQuota(quotas, { tags: new Set([...image.tags, tag]).size })
    await this.#images.addTag(id, tag)
  }

  /** @throws image_not_found, forbidden, tag_not_found */
  async remove(context: RequestContext, { id, tag }: { id: string; tag: string }): Promise<void> {
    const { finder, access } = this.#options
    const image = await finder.find(context, id)
    await access.modify(context, image)
    if (!image.tags.includes(tag)) throw new GlimpseError('tag_not_found', { tag })
    await this.#images.removeTag(id, tag)
  }
}
