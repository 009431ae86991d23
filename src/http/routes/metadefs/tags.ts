import type { FastifyInstance } from 'fastify'
import type { Metadefs } from '../../../domain/metadefs/metadefs.ts'
import type { InNamespace } from '../../../domain/metadefs/properties.ts'
import { refuseBody } from '../../body.ts'
import { readTagQuery } from '../../query/metadef-query.ts'
import { queryOf } from '../../query/query-string.ts'
import { sendJson, sendNothing } from '../../reply.ts'
import { readTagName, readTagNames } from '../../schemas/metadef-check.ts'
import { tagJson, tagsJson } from '../../views/metadefs.ts'
import { resource } from '../resource.ts'

const trueWords: readonly unknown[] = ['1', 't', 'true', 'on', 'y', 'yes']

/** What `X-Openstack-Append` says; every other word is no. @see oslo.utils `bool_from_string` */
function isTrue(header: string | readonly string[] | undefined): boolean {
  return typeof header === 'string' && trueWords.includes(header.trim().toLowerCase())
}

/** Serves `/metadefs/namespaces/{namespace}/tags` and what is below. @see glance `api/v2/metadef_tags.py` */
export function metadefTagRoutes(app: FastifyInstance, { tags, namespaces }: Metadefs): void {
  resource(app, '/metadefs/namespaces/:namespace/tags', {
    GET: async (request, reply) => {
      const query = readTagQuery(queryOf(request))
      const { namespace } = request.params as InNamespace
      return sendJson(reply, tagsJson(await tags.list(request.context, namespace, query)))
    },
    POST: async (request, reply) => {
      const names = readTagNames(request)
      const append = isTrue(request.headers['x-openstack-append'])
      const { namespace } = request.params as InNamespace
      await tags.createMany(request.context, namespace, { names, append })
      return sendJson(reply, tagsJson(names.map((name) => ({ name }))), 201)
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await namespaces.deleteTags(request.context, (request.params as InNamespace).namespace)
      return sendNothing(reply)
    },
  })

  resource(app, '/metadefs/namespaces/:namespace/tags/:name', {
    GET: async (request, reply) => {
      refuseBody(request)
      return sendJson(reply, tagJson(await tags.get(request.context, request.params as InNamespace)))
    },
    POST: async (request, reply) => {
      refuseBody(request)
      return sendJson(reply, tagJson(await tags.create(request.context, request.params as InNamespace)), 201)
    },
    PUT: async (request, reply) => {
      const newName = readTagName(request)
      return sendJson(reply, tagJson(await tags.update(request.context, request.params as InNamespace, { newName })))
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await tags.delete(request.context, request.params as InNamespace)
      return sendNothing(reply)
    },
  })
}
