import type { FastifyInstance } from 'fastify'
import type { MetadefNamespaces } from '../../../domain/metadefs/namespaces.ts'
import { refuseBody } from '../../body.ts'
import { readNamespaceQuery, readResourceType } from '../../query/metadef-query.ts'
import { pageLink } from '../../query/page-link.ts'
import { queryOf } from '../../query/query-string.ts'
import { sendJson, sendNothing } from '../../reply.ts'
import { readNamespace } from '../../schemas/metadef-check.ts'
import {
  namespaceJson,
  namespacePath,
  namespacesJson,
  newNamespaceJson,
  wholeNamespaceJson,
} from '../../views/metadefs.ts'
import { resource } from '../resource.ts'
import type { MetadefRoutesOptions } from './metadefs.ts'

interface ByNamespace {
  readonly namespace: string
}

/** What an address may hold in a header: ASCII alone. */
function headerText(text: string): string {
  return text.replace(/[^ -~]+/g, encodeURIComponent)
}

/** Serves `/metadefs/namespaces` and `/metadefs/namespaces/{namespace}`. @see glance `api/v2/metadef_namespaces.py` */
export function metadefNamespaceRoutes(
  app: FastifyInstance,
  { namespaces, limits, origin }: Omit<MetadefRoutesOptions, 'metadefs'> & { namespaces: MetadefNamespaces },
): void {
  resource(app, '/metadefs/namespaces', {
    GET: async (request, reply) => {
      const pairs = queryOf(request)
      const page = await namespaces.page(request.context, readNamespaceQuery(pairs, limits))
      const link = (marker?: string) => pageLink('/v2/metadefs/namespaces', pairs, marker)
      return sendJson(reply, namespacesJson(page, { first: link(), next: link }))
    },
    POST: async (request, reply) => {
      const { fields, contents, given } = readNamespace(request)
      const namespace = await namespaces.create(request.context, fields, contents)
      const { scheme, host, prefix } = origin(request)
      reply.header('location', headerText(`${scheme}://${host}${prefix}${namespacePath(namespace.name)}`))
      return sendJson(reply, newNamespaceJson(namespace, given), 201)
    },
  })

  resource(app, '/metadefs/namespaces/:namespace', {
    GET: async (request, reply) => {
      refuseBody(request)
      const name = (request.params as ByNamespace).namespace
      const whole = await namespaces.show(request.context, name, readResourceType(queryOf(request)))
      return sendJson(reply, wholeNamespaceJson(whole, name))
    },
    PUT: async (request, reply) => {
      const { fields } = readNamespace(request)
      const { namespace } = request.params as ByNamespace
      return sendJson(reply, namespaceJson(await namespaces.update(request.context, namespace, fields)))
    },
    DELETE: async (request, reply) => {
      refuseBody(request)
      await namespaces.delete(request.context, (request.params as ByNamespace).namespace)
      return sendNothing(reply)
    },
  })
}
