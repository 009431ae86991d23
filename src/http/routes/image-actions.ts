import type { FastifyInstance } from 'fastify'
import type { ImageActions } from '../../domain/images/actions.ts'
import { refuseBody } from '../body.ts'
import { sendNothing } from '../reply.ts'
import { resource } from './resource.ts'

/** Serves `/images/{id}/actions/...`. @see glance `api/v2/image_actions.py` */
export function imageActionRoutes(app: FastifyInstance, actions: ImageActions): void {
  for (const name of ['deactivate', 'reactivate'] as const) {
    resource(app, `/images/:id/actions/${name}`, {
      POST: async (request, reply) => {
        refuseBody(request)
        await actions[name](request.context, (request.params as { id: string }).id)
        return sendNothing(reply)
      },
    })
  }
}
