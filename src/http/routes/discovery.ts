import type { FastifyInstance } from 'fastify'
import type { StoreEntry, StoreSet } from '../../domain/data/store-set.ts'
import type { ServiceAccess } from '../../domain/policy/service-access.ts'
import { GlimpseError } from '../../errors/error.ts'
import { refuseBody } from '../body.ts'
import { sendJson } from '../reply.ts'
import { resource } from './resource.ts'

export interface DiscoveryOptions {
  readonly stores: StoreSet
  readonly access: ServiceAccess
  /** `enabled_import_methods` */
  readonly importMethods: readonly string[]
}

/** Serves `/info/import`, `/info/stores` and `/info/stores/detail`. @see glance `api/v2/discovery.py` */
export function discoveryRoutes(app: FastifyInstance, { stores, access, importMethods }: DiscoveryOptions): void {
  const importJson = JSON.stringify({
    'import-methods': { description: 'Import methods available.', type: 'array', value: importMethods },
  })
  const view = ({ store, description }: StoreEntry) => ({
    id: store.id,
    ...(description ? { description } : {}),
    ...(store === stores.default ? { default: 'true' } : {}),
    ...(store.create ? {} : { 'read-only': 'true' }),
  })
  const requireSeveral = () => {
    if (!stores.multiple) {
      throw new GlimpseError('not_found', {
        reason: 'Several stores (enabled_backends) are not supported at this site.',
      })
    }
  }

  resource(app, '/info/import', {
    GET: (request, reply) => {
      refuseBody(request)
      return sendJson(reply, importJson)
    },
  })

  resource(app, '/info/stores', {
    GET: (request, reply) => {
      refuseBody(request)
      requireSeveral()
      return sendJson(reply, JSON.stringify({ stores: stores.list().map(view) }))
    },
  })

  resource(app, '/info/stores/detail', {
    GET: async (request, reply) => {
      refuseBody(request)
      requireSeveral()
      await access.storesDetail(request.context)
      const detailed = stores.list().map((entry) => {
        const { type, properties, weight, isAvailable } = entry
        // Beyond the reference, and only where there is something to tell.
        const status = isAvailable?.() === false ? { status: 'unavailable' } : {}
        return { ...view(entry), type, properties, weight, ...status }
      })
      return sendJson(reply, JSON.stringify({ stores: detailed }))
    },
  })
}
