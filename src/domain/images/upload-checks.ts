import { GlimpseError } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'

/**
 * @throws conflict unless the image waits for data, bad_request while its formats are not set
 * @see glance `domain/__init__.py` `Image.status`
 */
export function requireDataAllowed(image: Image): void {
  if (image.status !== 'queued') {
    const reason = `Image status transition from ${image.status} to saving is not allowed`
    throw new GlimpseError('conflict', { reason })
  }
  const missing = [...(image.diskFormat ? [] : ['disk_format']), ...(image.containerFormat ? [] : ['container_format'])]
  if (missing.length > 0) {
    const noun = missing.length === 1 ? 'Property' : 'Properties'
    throw new GlimpseError('bad_request', { reason: `${noun} ${missing.join(', ')} must be set prior to saving data.` })
  }
}
