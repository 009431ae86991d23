export const taskTypes = ['import', 'api_image_import', 'location_import'] as const
export type TaskType = (typeof taskTypes)[number]

export const taskStatuses = ['pending', 'processing', 'success', 'failure'] as const
export type TaskStatus = (typeof taskStatuses)[number]

type JsonObject = Readonly<Record<string, unknown>>

/** A task as lists show it. */
export interface TaskStub {
  readonly id: string
  readonly type: TaskType
  readonly status: TaskStatus
  readonly owner: string
  readonly imageId: string | null
  readonly requestId: string | null
  readonly userId: string | null
  /** When it is no longer shown; null until it ends. */
  readonly expiresAt: Date | null
  /** Whole seconds, as Glance's columns hold them. */
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** A task with what it was told and what became of it. */
export interface Task extends TaskStub {
  readonly input: JsonObject | null
  readonly result: JsonObject | null
  readonly message: string | null
}

export type NewTask = Omit<Task, 'createdAt' | 'updatedAt'>

export type TaskChange = Partial<Pick<Task, 'status' | 'message' | 'result' | 'expiresAt'>>

/** Columns that a list of tasks can be sorted by, in Glance's words. */
export const taskSortKeys = [
  'id',
  'type',
  'status',
  'owner',
  'expires_at',
  'image_id',
  'request_id',
  'user_id',
  'created_at',
  'updated_at',
  'deleted_at',
  'deleted',
] as const
export type TaskSortKey = (typeof taskSortKeys)[number]

/** Columns of text that a list of tasks can be filtered by. */
export const taskTextFilters = ['id', 'type', 'status', 'owner', 'image_id', 'request_id', 'user_id'] as const
/** Columns of times that a list of tasks can be filtered by. */
export const taskTimeFilters = ['expires_at', 'created_at', 'updated_at'] as const

export interface TaskFilters {
  readonly texts: Readonly<Partial<Record<(typeof taskTextFilters)[number], string>>>
  readonly times: Readonly<Partial<Record<(typeof taskTimeFilters)[number], Date>>>
}

/** What `GET /v2/tasks` can ask. Every given condition must hold. */
export interface TaskQuery {
  /** Tasks of that project only. */
  readonly ownedBy?: string
  readonly filters: TaskFilters
  readonly sortKey: TaskSortKey
  /** Of the sort key, and of `created_at` and `id`, which make the order unique. NULL is the least value. */
  readonly direction: 'asc' | 'desc'
  readonly limit: number
  /** Id of the last task of the page before: one that exists. */
  readonly marker?: string
}

/**
 * Long work and what became of it. A task that has ended expires; expired tasks are soft-deleted when their owner looks.
 * @see glance `db/sqlalchemy/api.py` `task_*`
 */
export interface TaskRepository {
  /** The task, unless it is deleted; undefined if there is none. Says nothing about who may see it. */
  get(id: string): Promise<Task | undefined>
  /** A page without deleted tasks, by keyset. */
  list(query: TaskQuery): Promise<TaskStub[]>
  /** Tasks of an image that have not expired, oldest first. */
  listByImage(imageId: string): Promise<Task[]>
  create(task: NewTask): Promise<Task>
  /** Changes a task that has not ended; what is absent stays. @returns false if it has ended or there is none */
  update(id: string, change: TaskChange): Promise<boolean>
  /** Soft-deletes the expired tasks of a project. @returns how many */
  expire(owner: string): Promise<number>
}
