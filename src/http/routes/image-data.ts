import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { DownloadImage } from '../../domain/images/download.ts'
import type { UploadImage } from '../../domain/images/upload.ts'
import type { StageImage } from '../../domain/import/stage.ts'
import { deferContinue } from '../data/expect-continue.ts'
import type { Libc } from '../data/libc.ts'
import { receiveImageData, stageImageData } from '../data/receive.ts'
import { sendImageData } from '../data/send.ts'
import { resource } from './resource.ts'

export interface ImageDataOptions {
  readonly uploads: UploadImage
  readonly downloads: DownloadImage
  readonly staging: StageImage
  /** From `loadLibc`; undefined: downloads go through streams. */
  readonly libc: Libc | undefined
}

/** Serves `/images/{id}/file` and `/images/{id}/stage`. @see glance `api/v2/image_data.py` */
export function imageDataRoutes(app: FastifyInstance, options: ImageDataOptions): void {
  deferContinue(app.server, isUpload)
  void app.register((scope, _options, done) => {
    // Bodies of any type stay unread: they are streamed once the request is known to be allowed.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null))
    resource(scope, '/images/:id/file', {
      GET: (request, reply) => sendImageData(request, reply, { ...options, imageId: idOf(request) }),
      PUT: (request, reply) => receiveImageData(request, reply, { ...options, imageId: idOf(request) }),
    })
    resource(scope, '/images/:id/stage', {
      PUT: (request, reply) => stageImageData(request, reply, { staging: options.staging, imageId: idOf(request) }),
    })
    done()
  })
}

function isUpload(request: IncomingMessage): boolean {
  return request.method === 'PUT' && /\/images\/[^/?]+\/(file|stage)(\?|$)/.test(request.url ?? '')
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id
}
