import { GlimpseError } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import { lockProperty } from '../import/bookkeeping.ts'

const lookMs = 2_000

/** Whether nobody works on the image, and it is there for its users. */
export function isAtRest({ status, properties }: Image): boolean {
  return status === 'active' && properties[lockProperty] === undefined
}

/** Watches an image while it is copied: the signal is aborted with `image_changed` when somebody else takes it up. */
export function watchImage(
  imageId: string,
  { images, signal }: { images: ImageRepository; signal: AbortSignal },
): Disposable & { readonly signal: AbortSignal } {
  const taken = new AbortController()
  const look = async () => {
    const image = await images.get(imageId)
    if (!image || !isAtRest(image)) taken.abort(new GlimpseError('image_changed', { id: imageId }))
  }
  // A database that does not answer now will be asked again.
  const timer = setInterval(() => void look().catch(() => {}), lookMs)
  return { signal: AbortSignal.any([signal, taken.signal]), [Symbol.dispose]: () => clearInterval(timer) }
}
