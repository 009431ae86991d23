import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { type ImageAccess, needsMembership } from '../policy/image-access.ts'

/** Looks images up as callers see them. */
export class ImageFinder {
  readonly #repositories: Repositories
  readonly #access: ImageAccess

  constructor(repositories: Repositories, access: ImageAccess) {
    this.#repositories = repositories
    this.#access = access
  }

  /**
   * The image, if it exists for the caller. What he may do to it is for the policy to say.
   * @throws image_not_found
   */
  async find(context: RequestContext, id: string): Promise<Image> {
    const image = await this.#repositories.images.get(id)
    if (!image) throw new GlimpseError('image_not_found', { id })
    const isMember =
      context.projectId !== null &&
      needsMembership(context, image) &&
      (await this.#repositories.members.get(id, context.projectId)) !== undefined
    this.#access.requireVisible(context, image, { isMember })
    return image
  }
}
