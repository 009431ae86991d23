import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Metadefs } from '../../../domain/metadefs/metadefs.ts'
import type { Origin } from '../../plugins/proxy.ts'
import type { ListLimits } from '../../query/image-query.ts'
import { sendJson } from '../../reply.ts'
import { metadefSchemas } from '../../schemas/metadefs.ts'
import { resource } from '../resource.ts'
import { metadefNamespaceRoutes } from './namespaces.ts'
import { metadefObjectRoutes } from './objects.ts'
import { metadefPropertyRoutes } from './properties.ts'
import { metadefResourceTypeRoutes } from './resource-types.ts'
import { metadefTagRoutes } from './tags.ts'

export interface MetadefRoutesOptions {
  readonly metadefs: Metadefs
  readonly limits: ListLimits
  readonly origin: (request: FastifyRequest) => Origin
}

/** Serves `/metadefs/...` and `/schemas/metadefs/...`. @see glance `api/v2/router.py` */
export function metadefRoutes(app: FastifyInstance, { metadefs, ...options }: MetadefRoutesOptions): void {
  for (const [name, schema] of Object.entries(metadefSchemas)) {
    const json = JSON.stringify(schema)
    resource(app, `/schemas/metadefs/${name}`, { GET: (_request, reply) => sendJson(reply, json) })
  }
  metadefNamespaceRoutes(app, { namespaces: metadefs.namespaces, ...options })
  metadefResourceTypeRoutes(app, metadefs)
  metadefPropertyRoutes(app, metadefs)
  metadefObjectRoutes(app, metadefs)
  metadefTagRoutes(app, metadefs)
}
