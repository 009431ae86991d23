import { Ajv } from 'ajv'
import type { TaskRequest } from '../../domain/tasks/tasks.ts'
import { GlimpseError } from '../../errors/error.ts'
import { explain } from './image.ts'
import { taskSchema } from './task.ts'

const check = new Ajv({ strict: false, allowUnionTypes: true, ownProperties: true }).compile<TaskRequest>({
  ...taskSchema,
  additionalProperties: false,
})

/**
 * Reads the body of `POST /v2/tasks`.
 * @throws bad_request, schema_violation
 * @see glance `api/v2/tasks.py` `RequestDeserializer.create`
 */
export function readNewTask(body: object): TaskRequest {
  for (const name of ['type', 'input'] as const) {
    if (!Object.hasOwn(body, name)) throw new GlimpseError('bad_request', { reason: `Task '${name}' is required` })
  }
  if (!check(body)) throw new GlimpseError('schema_violation', { schema: 'task', reason: explain(check.errors) })
  return { type: body.type, input: body.input }
}
