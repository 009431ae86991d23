import { randomUUID } from 'node:crypto'
import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Json } from '../../ports/jobs.ts'
import type { Task, TaskQuery, TaskRepository, TaskStub, TaskType } from '../../ports/tasks.ts'
import type { NewImageRequest } from '../images/create.ts'
import type { ImageFinder } from '../images/find.ts'
import type { TaskImport } from '../import/task-import.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ServiceAccess } from '../policy/service-access.ts'
import { requireImportSource } from './import-source.ts'

export interface TasksOptions {
  readonly access: ServiceAccess
  readonly finder: ImageFinder
  readonly images: ImageAccess
  /** Carries out tasks of type `import`. */
  readonly imports: TaskImport
  /** `task_time_to_live` */
  readonly timeToLiveHours: number
}

/** What a caller orders. */
export interface TaskRequest {
  readonly type: TaskType
  readonly input: { readonly [name: string]: Json } | null
}

export interface TaskPage {
  readonly tasks: readonly TaskStub[]
  /** Id to continue after; absent on the last page. */
  readonly nextMarker?: string
}

/** Tasks as callers see them. @see glance `api/v2/tasks.py` `TasksController` */
export class Tasks {
  readonly #tasks: TaskRepository
  readonly #options: TasksOptions

  constructor(tasks: TaskRepository, options: TasksOptions) {
    this.#tasks = tasks
    this.#options = options
  }

  /** The first gate, before anything of a request is looked at. @throws forbidden */
  async requireAccess(context: RequestContext): Promise<void> {
    await this.#options.access.tasks(context)
  }

  /** A page of the tasks that the caller may see. @throws bad_request (unknown marker), forbidden (another project's) */
  async page(context: RequestContext, query: Omit<TaskQuery, 'ownedBy'>): Promise<TaskPage> {
    await this.#expire(context)
    if (query.marker !== undefined) await this.#requireMarker(context, query.marker)
    // No task belongs to the project of a caller without one.
    const tasks = await this.#tasks.list(context.isAdmin ? query : { ...query, ownedBy: context.projectId ?? '' })
    const last = tasks.length === query.limit ? tasks.at(-1) : undefined
    return last ? { tasks, nextMarker: last.id } : { tasks }
  }

  /** @throws not_found */
  async get(context: RequestContext, id: string): Promise<Task> {
    const task = await this.#tasks.get(id)
    if (!task || !isVisible(context, task)) throw new GlimpseError('not_found', { reason: `No task has the id ${id}.` })
    return task
  }

  /** Those tasks of an image that the caller may see. @throws not_found */
  async ofImage(context: RequestContext, imageId: string): Promise<Task[]> {
    const { finder, images } = this.#options
    const image = await finder.find(context, imageId)
    await images.get(context, image)
    await this.#expire(context)
    return (await this.#tasks.listByImage(imageId)).filter((task) => isVisible(context, task))
  }

  /**
   * Takes an order. Tasks of type `import` are carried out; the others are for the service's own use, and those that come
   * this way end at once, as failures that say so.
   * @param options `readImage`: reads what `image_properties` says. @throws bad_request, url_refused
   */
  async create(
    context: RequestContext,
    { type, input }: TaskRequest,
    { readImage }: { readImage: (properties: unknown) => NewImageRequest },
  ): Promise<Task> {
    const url = type === 'import' ? requireImportSource(input?.import_from) : undefined
    if (input === null) throw new GlimpseError('bad_request', { reason: 'The input of the task must be an object.' })
    if (context.projectId === null) {
      throw new GlimpseError('bad_request', { reason: 'A task belongs to a project, and the caller has none.' })
    }
    if (url !== undefined) {
      const order = { input, url, readImage: () => readImage(input.image_properties) }
      return this.get(context, await this.#options.imports.order(context, order))
    }
    const { image_id: imageId } = input
    if (imageId !== undefined && imageId !== null && (typeof imageId !== 'string' || imageId.length > 36)) {
      throw new GlimpseError('bad_request', { reason: 'image_id must be the id of an image.' })
    }
    return this.#tasks.create({
      id: randomUUID(),
      type,
      status: 'failure',
      owner: context.projectId,
      input,
      result: null,
      message: `Nothing in this service carries out tasks of type ${type}.`,
      imageId: imageId ?? null,
      requestId: context.requestId,
      userId: context.userId,
      expiresAt: new Date(Date.now() + this.#options.timeToLiveHours * 3_600_000),
    })
  }

  async #expire(context: RequestContext): Promise<void> {
    if (context.projectId !== null) await this.#tasks.expire(context.projectId)
  }

  async #requireMarker(context: RequestContext, id: string): Promise<void> {
    const task = await this.#tasks.get(id)
    if (!task) throw new GlimpseError('bad_request', { reason: `No task has the id ${id} of the marker.` })
    if (!isVisible(context, task)) throw new GlimpseError('forbidden', { reason: `You may not see task ${id}.` })
  }
}

function isVisible(context: RequestContext, task: TaskStub): boolean {
  return context.isAdmin || (context.projectId !== null && context.projectId === task.owner)
}
