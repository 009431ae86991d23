import type { FastifyInstance } from 'fastify'
import type { DeleteFromStore, StoredImage } from '../../domain/images/delete-from-store.ts'
import { refuseBody } from '../body.ts'
import { sendNothing } from '../reply.ts'
import { resource } from './resource.ts'

/** Serves `/stores/{store}/{image}`. @see glance `api/v2/images.py` `delete_from_store` */
export function storeRoutes(app: FastifyInstance, deleteFromStore: DeleteFromStore): void {
  resource(app, '/stores/:storeId/:imageId', {
    DELETE: async (request, reply) => {
      refuseBody(request)
      await deleteFromStore.run(request.context, request.params as StoredImage)
      return sendNothing(reply)
    },
  })
}
