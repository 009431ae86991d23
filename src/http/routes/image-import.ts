import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { StartImport } from '../../domain/import/start-import.ts'
import { readJson } from '../body.ts'
import { readImport } from '../schemas/import-check.ts'
import { resource } from './resource.ts'

export interface ImportRouteOptions {
  readonly imports: StartImport
  /** `enabled_import_methods` */
  readonly enabled: readonly string[]
}

/** Serves `/images/{id}/import`. @see glance `api/v2/images.py` `import_image` */
export function imageImportRoutes(app: FastifyInstance, { imports, enabled }: ImportRouteOptions): void {
  resource(app, '/images/:id/import', {
    POST: async (request, reply) => {
      const order = readImport(readJson(request), { enabled, headerStore: storeOf(request) })
      await imports.run(request.context, (request.params as { id: string }).id, order)
      return reply.code(202).send()
    },
  })
}

function storeOf(request: FastifyRequest): string | undefined {
  const value = request.headers['x-image-meta-store']
  return Array.isArray(value) ? value[0] : value
}
