import type { Json } from '../../ports/jobs.ts'
import type { TaskRepository, TaskType } from '../../ports/tasks.ts'

export interface TaskOrder {
  readonly id: string
  readonly type: TaskType
  readonly imageId: string | null
  readonly input: { readonly [name: string]: Json }
  readonly requester: { readonly userId: string | null; readonly projectId: string | null; readonly requestId: string }
}

/** Tasks, by which clients see jobs. @see glance `domain/__init__.py` `Task` */
export class ImportTasks {
  readonly #tasks: TaskRepository
  readonly #timeToLiveMs: number

  constructor(tasks: TaskRepository, { timeToLiveHours }: { timeToLiveHours: number }) {
    this.#tasks = tasks
    this.#timeToLiveMs = timeToLiveHours * 3_600_000
  }

  async create({ id, type, imageId, input, requester }: TaskOrder): Promise<void> {
    await this.#tasks.create({
      ...{ id, type, imageId, input, status: 'pending', result: null, message: '', expiresAt: null },
      owner: requester.projectId ?? '',
      requestId: requester.requestId,
      userId: requester.userId,
    })
  }

  /** Begins the task; makes it first if the process that should have made it died. */
  async begin(order: TaskOrder): Promise<void> {
    if ((await this.#tasks.get(order.id)) === undefined) await this.create(order)
    await this.#tasks.update(order.id, { status: 'processing' })
  }

  /** Tells how far the task is. */
  async tell(id: string, message: string): Promise<void> {
    await this.#tasks.update(id, { message })
  }

  async succeed(id: string, { imageId }: { imageId: string }): Promise<void> {
    const end = { status: 'success', result: { image_id: imageId }, expiresAt: this.#expiry() } as const
    await this.#tasks.update(id, end)
  }

  async fail(id: string, message: string): Promise<void> {
    const end = { status: 'failure', message: message.slice(0, 1000), expiresAt: this.#expiry() } as const
    await this.#tasks.update(id, end)
  }

  #expiry(): Date {
    return new Date(Date.now() + this.#timeToLiveMs)
  }
}
