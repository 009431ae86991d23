import type { FastifyInstance } from 'fastify'
import type { Metadefs } from '../../../domain/metadefs/metadefs.ts'
import type { InNamespace } from '../../../domain/metadefs/properties.ts'
import { refuseBody } from '../../body.ts'
import { sendJson, sendNothing } from '../../reply.ts'
import { readAssociation } from '../../schemas/metadef-check.ts'
import { associationsJson, newAssociationJson, resourceTypesJson } from '../../views/metadefs.ts'
import { resource } from '../resource.ts'

/**
 * Serves `/metadefs/resource_types`, and `/metadefs/namespaces/{namespace}/resource_types` with what is below.
 * @see glance `api/v2/metadef_resource_types.py`
 */
export function metadefResourceTypeRoutes(app: FastifyInstance, { resourceTypes }: Metadefs): void {
  resource(app, '/metadefs/resource_types', {
    GET: async (request, reply) => {
      refuseBody(request)
      return sendJson(reply, resourceTypesJson(await resourceTypes.listAll(request.context)))
    },
  })

  resource(app, '/metadefs/namespaces/:namespace/resource_types', {
    GET: async (request, reply) => {
      refuseBody(request)
      const { namespace } = request.params as InNamespace
      return sendJson(reply, associationsJson(await resourceTypes.list(request.context, namespace)))
    },
    POST: async (request, reply) => {
      const { fields, given } = readAssociation(request)
      const { namespace } = request.params as InNamespace
      const association = await resourceTypes.create(request.context, namespace, fields)
      return sendJson(reply, newAssociationJson(association, given), 201)
    },
  })

  resource(app, '/metadefs/namespaces/:namespace/resource_types/:name', {
    DELETE: async (request, reply) => {
      refuseBody(request)
      await resourceTypes.delete(request.context, request.params as InNamespace)
      return sendNothing(reply)
    },
  })
}
