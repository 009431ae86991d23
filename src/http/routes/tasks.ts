import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Tasks } from '../../domain/tasks/tasks.ts'
import { GlimpseError } from '../../errors/error.ts'
import { isObject, readJson, refuseBody } from '../body.ts'
import type { Origin } from '../plugins/proxy.ts'
import type { ListLimits } from '../query/image-query.ts'
import { pageLink } from '../query/page-link.ts'
import { queryOf } from '../query/query-string.ts'
import { readTaskQuery } from '../query/task-query.ts'
import { sendJson } from '../reply.ts'
import type { ImageSchema } from '../schemas/image.ts'
import { readNewTask } from '../schemas/task-check.ts'
import { imageTasksJson, taskJson, taskPath, tasksJson } from '../views/task.ts'
import { readNewImage } from './image-request.ts'
import { resource } from './resource.ts'

export interface TaskRoutesOptions {
  readonly tasks: Tasks
  readonly schema: ImageSchema
  readonly limits: ListLimits
  readonly origin: (request: FastifyRequest) => Origin
}

interface ById {
  readonly id: string
}

/** Serves `/tasks`, `/tasks/{id}` and `/images/{id}/tasks`. @see glance `api/v2/tasks.py` */
export function taskRoutes(app: FastifyInstance, { tasks, schema, limits, origin }: TaskRoutesOptions): void {
  resource(app, '/tasks', {
    GET: async (request, reply) => {
      const { context } = request
      await tasks.requireAccess(context)
      const pairs = queryOf(request)
      const page = await tasks.page(context, readTaskQuery(pairs, limits))
      const link = (marker?: string) => pageLink('/v2/tasks', pairs, marker)
      return sendJson(reply, tasksJson(page, { first: link(), next: link }))
    },
    POST: async (request, reply) => {
      await tasks.requireAccess(request.context)
      const task = await tasks.create(request.context, readNewTask(readJson(request)), {
        readImage: (properties) => readNewImage(isObject(properties) ? properties : [], schema),
      })
      const { scheme, host, prefix } = origin(request)
      reply.header('location', `${scheme}://${host}${prefix}${taskPath(task)}`)
      return sendJson(reply, taskJson(task), 201)
    },
  })

  resource(app, '/tasks/:id', {
    GET: async (request, reply) => {
      await tasks.requireAccess(request.context)
      return sendJson(reply, taskJson(await tasks.get(request.context, (request.params as ById).id)))
    },
    // Tasks go when they expire, by nobody's order.
    DELETE: async (request, reply) => {
      await tasks.requireAccess(request.context)
      reply.header('allow', 'GET')
      throw new GlimpseError('method_not_allowed', { method: 'DELETE' })
    },
  })

  // Other methods are 404 here, in the reference too.
  app.get('/images/:id/tasks', async (request, reply) => {
    refuseBody(request)
    return sendJson(reply, imageTasksJson(await tasks.ofImage(request.context, (request.params as ById).id)))
  })
}
