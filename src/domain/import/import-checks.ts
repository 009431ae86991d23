import { GlimpseError } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import type { ImportRequest, RemoteRequest } from './import-request.ts'

/**
 * Whether data can be imported into the image as it is now.
 * @throws conflict, bad_request
 * @see glance `api/v2/images.py` `import_image`
 */
export function requireImportable(image: Image, { method, body }: ImportRequest): void {
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
  if (method === 'glance-download') remoteOf(body)
}

/** The image of another service that the order names. @throws bad_request */
export function remoteOf({ method }: ImportRequest['body']): RemoteRequest {
  const order = method as Readonly<Record<string, unknown>>
  const { glance_region: region, glance_image_id: imageId, glance_service_interface: face = 'public' } = order
  if (typeof region !== 'string') missing("'glance_region' needs to be set for glance-download import method")
  if (typeof imageId !== 'string') missing("'glance_image_id' needs to be set for glance-download import method")
  if (!isUuid(imageId)) missing(`Remote image id does not look like a UUID: ${imageId}`)
  if (typeof face !== 'string') missing("'glance_service_interface' must be the name of an interface")
  return { region, imageId, face }
}

/** In any of the forms that Python reads. */
function isUuid(text: string): boolean {
  return /^[0-9a-f]{32}$/i.test(text.replace(/^urn:uuid:|[{}-]/gi, ''))
}

function missing(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

function refuse(reason: string): never {
  throw new GlimpseError('conflict', { reason })
}
