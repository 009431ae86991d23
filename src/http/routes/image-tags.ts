import type { FastifyInstance } from 'fastify'
import type { ImageTags } from '../../domain/images/tags.ts'
import { refuseBody } from '../body.ts'
import { sendNothing } from '../reply.ts'
import type { ImageSchema } from '../schemas/image.ts'
import { resource } from './resource.ts'

interface ByTag {
  readonly id: string
  readonly tag: string
}

/** Serves `/images/{id}/tags/{tag}`. @see glance `api/v2/image_tags.py` */
export function imageTagRoutes(app: FastifyInstance, { tags, schema }: { tags: ImageTags; schema: ImageSchema }): void {
  resource(app, '/images/:id/tags/:tag', {
    PUT: async (request, reply) => {
      refuseBody(request)
      const { id, tag } = request.params as ByTag
      schema.validatePart({ tags: [tag] })
      await tags.add(request.context, { id, tag })
      return sendNothing(reply)
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await tags.remove(request.context, request.params as ByTag)
      return sendNothing(reply)
    },
  })
}
