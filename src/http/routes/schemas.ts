import type { FastifyInstance } from 'fastify'
import { sendJson } from '../reply.ts'
import type { ImageSchema } from '../schemas/image.ts'
import { imagesSchema } from '../schemas/images.ts'
import { memberSchema, membersSchema } from '../schemas/member.ts'
import { taskSchema, tasksSchema } from '../schemas/task.ts'
import { resource } from './resource.ts'

/** Serves `/schemas/...`. @see glance `api/v2/schemas.py` */
export function schemaRoutes(app: FastifyInstance, imageSchema: ImageSchema): void {
  const schemas = {
    image: imageSchema.json,
    images: imagesSchema(imageSchema.json),
    member: memberSchema,
    members: membersSchema,
    task: taskSchema,
    tasks: tasksSchema,
  }
  for (const [name, schema] of Object.entries(schemas)) {
    const json = JSON.stringify(schema)
    resource(app, `/schemas/${name}`, { GET: (_request, reply) => sendJson(reply, json) })
  }
}
