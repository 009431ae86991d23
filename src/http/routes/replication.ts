import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { StoreSet } from '../../domain/data/store-set.ts'
import type { ServiceAccess } from '../../domain/policy/service-access.ts'
import type { RuleBook } from '../../domain/replication/rule-book.ts'
import { GlimpseError } from '../../errors/error.ts'
import { type ReplicationRepository, replicationStates, type StatusLine } from '../../ports/replication.ts'
import { isObject, readJson, refuseBody } from '../body.ts'
import type { ListLimits } from '../query/image-query.ts'
import { readPageSize } from '../query/limit.ts'
import { pageLink } from '../query/page-link.ts'
import { queryOf } from '../query/query-string.ts'
import { sendJson, sendNothing } from '../reply.ts'
import { lineJson, ruleJson, statusJson } from '../views/replication.ts'
import { resource } from './resource.ts'

export interface ReplicationRoutesOptions {
  readonly rules: RuleBook
  readonly statuses: ReplicationRepository
  readonly stores: StoreSet
  readonly access: ServiceAccess
  readonly limits: ListLimits
}

/** Serves `/glimpse/replication/rules` and `/glimpse/replication/images`, for administrators; Glance has no such thing. */
export function replicationRoutes(app: FastifyInstance, options: ReplicationRoutesOptions): void {
  const { rules, statuses, stores, access, limits } = options

  resource(app, '/glimpse/replication/rules', {
    GET: async (request, reply) => {
      await access.readPasses(request.context)
      const [all, counts] = [await rules.all(), await statuses.counts()]
      return sendJson(reply, JSON.stringify({ rules: all.map((rule) => ruleJson(rule, counts)) }))
    },
  })

  resource(app, '/glimpse/replication/rules/:name', {
    GET: async (request, reply) => {
      await access.readPasses(request.context)
      const rule = await rules.get(nameOf(request))
      return sendJson(reply, JSON.stringify(ruleJson(rule, await statuses.counts())))
    },
    PUT: async (request, reply) => {
      await access.managePasses(request.context)
      const body = readJson(request)
      if (!isObject(body)) throw new GlimpseError('bad_request', { reason: 'A rule is an object.' })
      const isNew = await rules.put(nameOf(request), body, { stores })
      const rule = await rules.get(nameOf(request))
      return sendJson(reply, JSON.stringify(ruleJson(rule, await statuses.counts())), isNew ? 201 : 200)
    },
    DELETE: async (request, reply) => {
      await access.managePasses(request.context)
      refuseBody(request)
      await rules.remove(nameOf(request))
      return sendNothing(reply)
    },
  })

  resource(app, '/glimpse/replication/images', {
    GET: async (request, reply) => {
      await access.readPasses(request.context)
      const pairs = queryOf(request)
      const { state, rule, marker, limit: size } = Object.fromEntries(pairs)
      const limit = Math.min(size === undefined ? limits.default : readPageSize(size, { least: 1 }), limits.maximum)
      const lines = await statuses.lines({ state: stateOf(state), rule, after: placeOf(marker), limit })
      const last = lines.length === limit ? lines.at(-1) : undefined
      const next = last && { next: pageLink('/v2/glimpse/replication/images', pairs, markerOf(last)) }
      return sendJson(reply, JSON.stringify({ images: lines.map(lineJson), ...next }))
    },
  })

  resource(app, '/glimpse/replication/images/:id', {
    GET: async (request, reply) => {
      await access.readPasses(request.context)
      const { id } = request.params as { id: string }
      const status = await statuses.status(id)
      if (!status) throw new GlimpseError('not_found', { reason: `No rule is known to be about image ${id}.` })
      return sendJson(reply, JSON.stringify(statusJson(status)))
    },
  })
}

function nameOf(request: FastifyRequest): string {
  return (request.params as { name: string }).name
}

function stateOf(text: string | undefined) {
  const state = replicationStates.find((known) => known === text)
  if (text !== undefined && state === undefined) {
    throw new GlimpseError('bad_request', { reason: `state is one of ${replicationStates.join(', ')}.` })
  }
  return state
}

/** Names a line of a list, which the next page begins behind. */
function markerOf({ imageId, rule }: StatusLine): string {
  return `${imageId},${rule}`
}

function placeOf(marker: string | undefined): Pick<StatusLine, 'imageId' | 'rule'> | undefined {
  if (marker === undefined) return undefined
  const [imageId = '', rule] = marker.split(',')
  if (rule === undefined) throw new GlimpseError('bad_request', { reason: 'The marker is none of this list.' })
  return { imageId, rule }
}
