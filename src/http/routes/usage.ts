import type { FastifyInstance } from 'fastify'
import type { ProjectQuotas } from '../../domain/quota/project-quotas.ts'
import { type QuotaResource, sizeResources } from '../../ports/quota.ts'
import { refuseBody } from '../body.ts'
import { sendJson } from '../reply.ts'
import { resource } from './resource.ts'

const mebibyte = 2 ** 20

/** Serves `/info/usage`: what the caller's project uses, in MiB and numbers. @see glance `api/v2/discovery.py` `get_usage` */
export function usageRoutes(app: FastifyInstance, quotas: ProjectQuotas): void {
  resource(app, '/info/usage', {
    GET: async (request, reply) => {
      refuseBody(request)
      const account = await quotas.account(request.context.projectId)
      const lines = account.map(({ resource: name, usage, limit }) => [
        name,
        { usage: shown(name, usage), limit: limit === null ? -1 : shown(name, limit) },
      ])
      return sendJson(reply, JSON.stringify({ usage: Object.fromEntries(lines) }))
    },
  })
}

function shown(name: QuotaResource, amount: number): number {
  return sizeResources.has(name) ? Math.floor(amount / mebibyte) : amount
}
