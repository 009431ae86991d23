import type { FastifyInstance } from 'fastify'
import type { Metadefs } from '../../../domain/metadefs/metadefs.ts'
import type { InNamespace } from '../../../domain/metadefs/properties.ts'
import { refuseBody } from '../../body.ts'
import { checkObjectQuery } from '../../query/metadef-query.ts'
import { queryOf } from '../../query/query-string.ts'
import { sendJson, sendNothing } from '../../reply.ts'
import { readObject } from '../../schemas/metadef-check.ts'
import { givenObjectJson, objectJson, objectsJson } from '../../views/metadefs.ts'
import { resource } from '../resource.ts'

/** Serves `/metadefs/namespaces/{namespace}/objects` and what is below. @see glance `api/v2/metadef_objects.py` */
export function metadefObjectRoutes(app: FastifyInstance, { objects, namespaces }: Metadefs): void {
  resource(app, '/metadefs/namespaces/:namespace/objects', {
    GET: async (request, reply) => {
      checkObjectQuery(queryOf(request))
      const { namespace } = request.params as InNamespace
      return sendJson(reply, objectsJson(await objects.list(request.context, namespace), namespace))
    },
    POST: async (request, reply) => {
      const { fields, given } = readObject(request)
      const { namespace } = request.params as InNamespace
      const object = await objects.create(request.context, namespace, fields)
      return sendJson(reply, givenObjectJson(object, { given, namespace }), 201)
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await namespaces.deleteObjects(request.context, (request.params as InNamespace).namespace)
      return sendNothing(reply)
    },
  })

  resource(app, '/metadefs/namespaces/:namespace/objects/:name', {
    GET: async (request, reply) => {
      refuseBody(request)
      const key = request.params as InNamespace
      return sendJson(reply, objectJson(await objects.get(request.context, key), key.namespace))
    },
    PUT: async (request, reply) => {
      const { fields, given } = readObject(request)
      const key = request.params as InNamespace
      const object = await objects.update(request.context, key, fields)
      return sendJson(reply, givenObjectJson(object, { given, namespace: key.namespace }))
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await objects.delete(request.context, request.params as InNamespace)
      return sendNothing(reply)
    },
  })
}
