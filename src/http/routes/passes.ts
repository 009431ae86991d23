import type { FastifyInstance } from 'fastify'
import type { ServiceAccess } from '../../domain/policy/service-access.ts'
import { GlimpseError } from '../../errors/error.ts'
import { programNames } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { refuseBody } from '../body.ts'
import type { ListLimits } from '../query/image-query.ts'
import { pageLink } from '../query/page-link.ts'
import { readFindingQuery, readPassQuery, readProgram } from '../query/pass-query.ts'
import { queryOf } from '../query/query-string.ts'
import { sendJson, sendNothing } from '../reply.ts'
import { findingJson, passJson, programJson } from '../views/passes.ts'
import { resource } from './resource.ts'

export interface PassRoutesOptions {
  readonly repositories: Pick<Repositories, 'passes' | 'findings'>
  readonly access: ServiceAccess
  readonly limits: ListLimits
}

/** Serves `/glimpse/programs`, `/glimpse/passes` and `/glimpse/findings`: what keeps the service whole, for administrators. */
export function passRoutes(app: FastifyInstance, { repositories, access, limits }: PassRoutesOptions): void {
  const { passes, findings } = repositories

  resource(app, '/glimpse/programs', {
    GET: async (request, reply) => {
      refuseBody(request)
      await access.readPasses(request.context)
      const programs = await Promise.all(
        programNames.map(async (program) => {
          const [last] = await passes.list({ program, limit: 1 })
          const state = await passes.program(program)
          return programJson(program, { state, last, open: await findings.openKinds(program) })
        }),
      )
      return sendJson(reply, JSON.stringify({ programs }))
    },
  })

  resource(app, '/glimpse/programs/:program/actions/:action', {
    POST: async (request, reply) => {
      await access.managePasses(request.context)
      const { program, action } = request.params as { program: string; action: string }
      if (action !== 'pause' && action !== 'resume') {
        throw new GlimpseError('not_found', { reason: `There is no action ${action}.` })
      }
      await passes.setPaused(readProgram(program), action === 'pause')
      return sendNothing(reply)
    },
  })

  resource(app, '/glimpse/passes', {
    GET: async (request, reply) => {
      refuseBody(request)
      await access.readPasses(request.context)
      const page = await passes.list(readPassQuery(queryOf(request), limits))
      return sendJson(reply, JSON.stringify({ passes: page.map(passJson) }))
    },
  })

  resource(app, '/glimpse/passes/:id', {
    GET: async (request, reply) => {
      refuseBody(request)
      await access.readPasses(request.context)
      const { id } = request.params as { id: string }
      const pass = await passes.get(id)
      if (!pass) throw new GlimpseError('not_found', { reason: `There is no pass ${id}.` })
      return sendJson(reply, JSON.stringify(passJson(pass)))
    },
  })

  resource(app, '/glimpse/findings', {
    GET: async (request, reply) => {
      refuseBody(request)
      await access.readPasses(request.context)
      const pairs = queryOf(request)
      const query = readFindingQuery(pairs, limits)
      const page = await findings.list(query)
      const marker = page.length === query.limit ? page.at(-1)?.id : undefined
      const next = marker === undefined ? {} : { next: pageLink('/v2/glimpse/findings', pairs, marker) }
      return sendJson(reply, JSON.stringify({ findings: page.map(findingJson), ...next }))
    },
  })
}
