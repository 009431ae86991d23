import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { CreateImage } from '../../domain/images/create.ts'
import type { DeleteImage } from '../../domain/images/delete.ts'
import type { PatchImage } from '../../domain/images/patch.ts'
import type { ShowImages } from '../../domain/images/show.ts'
import { GlimpseError } from '../../errors/error.ts'
import { readJson, refuseBody } from '../body.ts'
import { parsePatch, patchMediaTypes } from '../patch/parse-patch.ts'
import type { Origin } from '../plugins/proxy.ts'
import { type ListLimits, readImageQuery } from '../query/image-query.ts'
import { formatQueryString, type QueryPairs, queryOf } from '../query/query-string.ts'
import { sendJson, sendNothing } from '../reply.ts'
import type { ImageSchema } from '../schemas/image.ts'
import { type ImageViewConfig, imageJson } from '../views/image.ts'
import { imagesJson } from '../views/images.ts'
import { readNewImage } from './image-request.ts'
import { resource } from './resource.ts'

export interface ImageRoutesOptions {
  readonly create: CreateImage
  readonly show: ShowImages
  readonly patch: PatchImage
  readonly delete: DeleteImage
  readonly schema: ImageSchema
  readonly view: ImageViewConfig
  readonly limits: ListLimits
  readonly origin: (request: FastifyRequest) => Origin
  /** Headers that every answer to a creation has. */
  readonly creationHeaders: Readonly<Record<string, string>>
}

interface ById {
  readonly id: string
}

/** Media type of a request, lower case, without parameters. */
function mediaTypeOf(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** Serves `/images` and `/images/{id}`. @see glance `api/v2/images.py` */
export function imageRoutes(app: FastifyInstance, options: ImageRoutesOptions): void {
  const { schema, view } = options
  const patchTypes = [...patchMediaTypes.keys()].join(', ')

  resource(app, '/images', {
    GET: async (request, reply) => {
      const { context } = request
      const pairs = queryOf(request)
      const query = readImageQuery(pairs, { viewer: context, limits: options.limits })
      const page = await options.show.page(context, query)
      return sendJson(reply, imagesJson(page, { view, first: linkTo(pairs), next: (marker) => linkTo(pairs, marker) }))
    },
    POST: async (request, reply) => {
      const image = await options.create.run(request.context, readNewImage(readJson(request), schema))
      const { scheme, host, prefix } = options.origin(request)
      reply.headers(options.creationHeaders).header('location', `${scheme}://${host}${prefix}/v2/images/${image.id}`)
      return sendJson(reply, imageJson(image, view), 201)
    },
  })

  resource(app, '/images/:id', {
    GET: async (request, reply) => {
      refuseBody(request)
      return sendJson(reply, imageJson(await options.show.one(request.context, (request.params as ById).id), view))
    },
    PATCH: async (request, reply) => {
      const dialect = patchMediaTypes.get(mediaTypeOf(request))
      if (!dialect) {
        reply.header('accept-patch', patchTypes)
        throw new GlimpseError('unsupported_media_type', {
          reason: `Image PATCH expects Content-Type one of: ${patchTypes}`,
        })
      }
      const operations = parsePatch(readJson(request), { dialect, schema })
      const { id } = request.params as ById
      return sendJson(reply, imageJson(await options.patch.run(request.context, { id, operations }), view))
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await options.delete.run(request.context, (request.params as ById).id)
      return sendNothing(reply)
    },
  })
}

/** The list's own address without its marker, or with that of the next page. */
function linkTo(pairs: QueryPairs, marker?: string): string {
  const kept = pairs.filter(([name]) => name !== 'marker')
  const query = formatQueryString(marker === undefined ? kept : [...kept, ['marker', marker]])
  return query === '' ? '/v2/images' : `/v2/images?${query}`
}
