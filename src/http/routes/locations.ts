import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ImageLocations } from '../../domain/locations/image-locations.ts'
import { readJson, refuseBody } from '../body.ts'
import { sendJson } from '../reply.ts'
import { readNewLocation } from '../schemas/location-check.ts'
import { locationList } from '../views/image.ts'
import { resource } from './resource.ts'

/** Serves `/images/{id}/locations`, since v2.17. @see glance `api/v2/images.py` `add_location`, `get_locations` */
export function locationRoutes(app: FastifyInstance, locations: ImageLocations): void {
  resource(app, '/images/:id/locations', {
    GET: async (request, reply) => {
      refuseBody(request)
      const { locations: found } = await locations.fetch(request.context, idOf(request))
      return sendJson(reply, JSON.stringify(locationList(found)))
    },
    POST: async (request, reply) => {
      const body = readJson(request)
      await locations.add(request.context, { id: idOf(request), request: readNewLocation(body) })
      return reply.code(202).send()
    },
  })
}

function idOf(request: FastifyRequest): string {
  return (request.params as { id: string }).id
}
