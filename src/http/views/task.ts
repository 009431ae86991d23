import type { TaskPage } from '../../domain/tasks/tasks.ts'
import type { Task, TaskStub } from '../../ports/tasks.ts'
import { timestamp } from './json-text.ts'

/** Where a task is found. */
export function taskPath(task: TaskStub): string {
  return `/v2/tasks/${task.id}`
}

function tail(task: TaskStub): object {
  return {
    owner: task.owner,
    ...('message' in task ? { message: task.message ?? '', result: (task as Task).result } : {}),
    created_at: timestamp(task.createdAt),
    updated_at: timestamp(task.updatedAt),
    self: taskPath(task),
    schema: '/v2/schemas/task',
  }
}

function expiry(task: TaskStub): object {
  return task.expiresAt ? { expires_at: timestamp(task.expiresAt) } : {}
}

/** The JSON of a task. @see glance `api/v2/tasks.py` `_format_task` */
export function taskJson(task: Task): string {
  return JSON.stringify({
    id: task.id,
    input: task.input,
    type: task.type,
    status: task.status,
    ...tail(task),
    ...(task.imageId ? { image_id: task.imageId } : {}),
    ...(task.requestId ? { request_id: task.requestId } : {}),
    ...(task.userId ? { user_id: task.userId } : {}),
    ...expiry(task),
  })
}

/** The JSON of a page of tasks. @see glance `api/v2/tasks.py` `ResponseSerializer.index` */
export function tasksJson(
  page: TaskPage,
  { first, next }: { readonly first: string; readonly next: (marker: string) => string },
): string {
  return JSON.stringify({
    tasks: page.tasks.map((task) => ({
      id: task.id,
      type: task.type,
      status: task.status,
      ...tail(task),
      ...expiry(task),
    })),
    first,
    schema: '/v2/schemas/tasks',
    ...(page.nextMarker === undefined ? {} : { next: next(page.nextMarker) }),
  })
}

/** The reference gives the rows of these tasks as they are: its serializer's times have microseconds and no zone. */
function rowTime(at: Date | null): string | null {
  return at && `${at.toISOString().slice(0, 19)}.000000`
}

/** The JSON of the tasks of an image. @see glance `api/v2/images.py` `get_task_info` */
export function imageTasksJson(tasks: readonly Task[]): string {
  return JSON.stringify({
    tasks: tasks.map((task) => ({
      id: task.id,
      type: task.type,
      status: task.status,
      owner: task.owner,
      expires_at: rowTime(task.expiresAt),
      created_at: rowTime(task.createdAt),
      updated_at: rowTime(task.updatedAt),
      deleted_at: null,
      deleted: false,
      image_id: task.imageId,
      request_id: task.requestId,
      user_id: task.userId,
      input: task.input,
      result: task.result,
      message: task.message,
    })),
  })
}
