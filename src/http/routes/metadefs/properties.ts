import type { FastifyInstance } from 'fastify'
import type { Metadefs } from '../../../domain/metadefs/metadefs.ts'
import type { InNamespace } from '../../../domain/metadefs/properties.ts'
import { refuseBody } from '../../body.ts'
import { queryOf } from '../../query/query-string.ts'
import { sendJson, sendNothing } from '../../reply.ts'
import { readProperty } from '../../schemas/metadef-check.ts'
import { propertiesJson, propertyJson } from '../../views/metadefs.ts'
import { resource } from '../resource.ts'

/** Serves `/metadefs/namespaces/{namespace}/properties` and what is below. @see glance `api/v2/metadef_properties.py` */
export function metadefPropertyRoutes(app: FastifyInstance, { properties, namespaces }: Metadefs): void {
  resource(app, '/metadefs/namespaces/:namespace/properties', {
    GET: async (request, reply) => {
      refuseBody(request)
      const { namespace } = request.params as InNamespace
      return sendJson(reply, propertiesJson(await properties.list(request.context, namespace)))
    },
    POST: async (request, reply) => {
      const { fields, given } = readProperty(request)
      await properties.create(request.context, (request.params as InNamespace).namespace, fields)
      return sendJson(reply, JSON.stringify(given), 201)
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await namespaces.deleteProperties(request.context, (request.params as InNamespace).namespace)
      return sendNothing(reply)
    },
  })

  resource(app, '/metadefs/namespaces/:namespace/properties/:name', {
    GET: async (request, reply) => {
      const resourceType = new Map(queryOf(request)).get('resource_type')
      const options = resourceType === undefined ? {} : { resourceType }
      const property = await properties.get(request.context, request.params as InNamespace, options)
      return sendJson(reply, propertyJson(property))
    },
    PUT: async (request, reply) => {
      const { fields, given } = readProperty(request)
      await properties.update(request.context, request.params as InNamespace, fields)
      return sendJson(reply, JSON.stringify(given))
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await properties.delete(request.context, request.params as InNamespace)
      return sendNothing(reply)
    },
  })
}
