import { taskStatuses, taskTypes } from '../../ports/tasks.ts'
import { type JsonSchema, uuidPattern } from './image-properties.ts'

const stubProperties = {
  id: { description: 'An identifier for the task', pattern: uuidPattern, type: 'string' },
  type: { description: 'The type of task represented by this content', enum: taskTypes, type: 'string' },
  status: { description: 'The current status of this task', enum: taskStatuses, type: 'string' },
  owner: { description: 'An identifier for the owner of this task', type: 'string' },
  image_id: { description: 'Image associated with the task', type: 'string' },
  request_id: { description: 'Human-readable informative request-id', type: 'string' },
  user_id: { description: 'User associated with the task', type: 'string' },
  expires_at: { description: 'Datetime when this resource would be subject to removal', type: ['null', 'string'] },
  created_at: { description: 'Datetime when this resource was created', type: 'string' },
  updated_at: { description: 'Datetime when this resource was updated', type: 'string' },
  self: { readOnly: true, type: 'string' },
  schema: { readOnly: true, type: 'string' },
} as const

/** @see glance `api/v2/tasks.py` `_TASK_SCHEMA` */
export const taskSchema: JsonSchema = {
  name: 'task',
  properties: {
    ...stubProperties,
    input: { description: 'The parameters required by task, JSON blob', type: ['null', 'object'] },
    result: { description: 'The result of current task, JSON blob', type: ['null', 'object'] },
    message: {
      description: 'Human-readable informative message only included when appropriate (usually on failure)',
      type: 'string',
    },
  },
}

/** A list of tasks, without what only a task by itself shows. */
export const tasksSchema: JsonSchema = {
  name: 'tasks',
  properties: {
    tasks: { type: 'array', items: { name: 'task', properties: stubProperties } },
    schema: { type: 'string' },
  },
  links: [{ rel: 'describedby', href: '{schema}' }],
}
