import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UploadImage } from '../../domain/images/upload.ts'
import type { StageImage } from '../../domain/import/stage.ts'
import { GlimpseError } from '../../errors/error.ts'
import { sendNothing } from '../reply.ts'
import { announcedDigests } from './announced-digests.ts'
import { directBody } from './direct-body.ts'
import { askForBody } from './expect-continue.ts'
import type { Libc } from './libc.ts'
import { lingerAfter } from './linger.ts'
import { separateBody } from './separate-body.ts'

/**
 * `PUT /v2/images/{id}/file`: checks first, then asks for the body and stores it.
 * @see glance `api/v2/image_data.py` `RequestDeserializer.upload`
 */
export async function receiveImageData(
  request: FastifyRequest,
  reply: FastifyReply,
  { uploads, imageId, libc }: { uploads: UploadImage; imageId: string; libc: Libc | undefined },
): Promise<FastifyReply> {
  try {
    requireOctetStream(request.headers['content-type'])
    const upload = await uploads.begin(request.context, {
      imageId,
      sizeBytes: announcedSize(request),
      storeId: single(request.headers['x-image-meta-store']),
      expected: announcedDigests(request),
    })
    askForBody(reply.raw)
    const body = directBody(request.raw, libc)
    await upload.run(body ?? separateBody(request.raw))
    // The parser has not seen what was pulled: it would take the next request for the rest of this body.
    if (body?.bypassed) reply.header('connection', 'close')
    return sendNothing(reply)
  } catch (error) {
    lingerAfter(request.raw, reply.raw)
    throw error
  }
}

/**
 * `PUT /v2/images/{id}/stage`, in the same way.
 * @see glance `api/v2/image_data.py` `RequestDeserializer.stage`
 */
export async function stageImageData(
  request: FastifyRequest,
  reply: FastifyReply,
  { staging, imageId }: { staging: StageImage; imageId: string },
): Promise<FastifyReply> {
  try {
    staging.requireEnabled()
    requireOctetStream(request.headers['content-type'])
    const length = Number(request.headers['content-length'] ?? 0)
    const running = await staging.begin(request.context, { imageId, sizeBytes: length > 0 ? length : null })
    askForBody(reply.raw)
    await running.run(separateBody(request.raw))
    return sendNothing(reply)
  } catch (error) {
    lingerAfter(request.raw, reply.raw)
    throw error
  }
}

function requireOctetStream(contentType: string | undefined): void {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/octet-stream') return
  const reason = `The request media type ${type ?? 'None'} is not supported by this server.`
  throw new GlimpseError('unsupported_media_type', { reason })
}

/** Null: unknown. A length of 0 says nothing, as in the reference. */
function announcedSize(request: FastifyRequest): number | null {
  const length = Number(request.headers['content-length'] ?? 0)
  const text = single(request.headers['x-openstack-image-size'])
  if (text === undefined) return length > 0 ? length : null
  const size = Number(text.trim())
  if (!/^\s*\d+\s*$/.test(text) || !Number.isSafeInteger(size)) {
    throw new GlimpseError('bad_request', { reason: 'Invalid or missing image size in request headers.' })
  }
  if (size > 0 && length > 0 && size !== length) {
    throw new GlimpseError('upload_size_mismatch', { expectedBytes: size, receivedBytes: length })
  }
  return size > 0 ? size : null
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
