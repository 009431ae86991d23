import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, ImageStatus } from '../../ports/image.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ImageFinder } from './find.ts'

/** Takes images out of use and back. @see glance `api/v2/image_actions.py` */
export class ImageActions {
  readonly #images: ImageRepository
  readonly #finder: ImageFinder
  readonly #access: ImageAccess

  constructor(images: ImageRepository, { finder, access }: { finder: ImageFinder; access: ImageAccess }) {
    this.#images = images
    this.#finder = finder
    this.#access = access
  }

  /** Nobody but an admin can download the image then. @throws image_not_found, forbidden, image_status_conflict */
  async deactivate(context: RequestContext, id: string): Promise<void> {
    const image = await this.#finder.find(context, id)
    await this.#access.deactivate(context, image)
    await this.#move(image, { verb: 'deactivate', from: 'active', to: 'deactivated' })
  }

  /** @throws image_not_found, forbidden, image_status_conflict */
  async reactivate(context: RequestContext, id: string): Promise<void> {
    const image = await this.#finder.find(context, id)
    await this.#access.reactivate(context, image)
    await this.#move(image, { verb: 'reactivate', from: 'deactivated', to: 'active' })
  }

  async #move(image: Image, step: { verb: string; from: ImageStatus; to: ImageStatus }): Promise<void> {
    if (image.status === step.to) return
    if (image.status !== step.from) {
      throw new GlimpseError('forbidden', { reason: `Not allowed to ${step.verb} image in status '${image.status}'` })
    }
    await this.#images.update(image.id, { fields: { status: step.to } }, { from: [step.from] })
  }
}
