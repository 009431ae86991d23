import { GlimpseError } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import type { ImportRequest } from './import-request.ts'

/**
 * Whether data can be imported into the image as it is now.
 * @throws conflict
 * @see glance `api/v2/images.py` `import_image`
 */
export function requireImportable(image: Image, { method }: ImportRequest): void {
  const { status } = image
  if (status === 'active' && method !== 'copy-image') {
    refuse('Image with status active cannot be target for import')
  }
  if (status !== 'active' && method === 'copy-image') {
    refuse('Only images with status active can be targeted for copying')
  }
  if (status !== 'queued' && (method === 'web-download' || method === 'glance-download')) {
    refuse(`Image needs to be in 'queued' state to use '${method}' method`)
  }
  if (status !== 'uploading' && method === 'glance-direct') {
    refuse("Image needs to be staged before 'glance-direct' method can be used")
  }
  if (!image.containerFormat) refuse("'container_format' needs to be set before import")
  if (!image.diskFormat) refuse("'disk_format' needs to be set before import")
}

function refuse(reason: string): never {
  throw new GlimpseError('conflict', { reason })
}
