import { randomUUID } from 'node:crypto'
import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Fetcher } from '../../ports/fetcher.ts'
import type { Json } from '../../ports/jobs.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { CreateImage, NewImageRequest } from '../images/create.ts'
import type { ImportTasks } from './import-tasks.ts'
import { requesterOf, type StartImport } from './start-import.ts'

export interface TaskImportOptions {
  readonly create: CreateImage
  readonly imports: StartImport
  readonly tasks: ImportTasks
  readonly stores: StoreSet
  readonly fetcher: Fetcher
}

export interface TaskImportRequest {
  /** As it was received. */
  readonly input: { readonly [name: string]: Json }
  readonly url: string
  /** Reads the properties of the image to be made. @throws what is wrong with them, which fails the task */
  readonly readImage: () => NewImageRequest
}

/** Carries out tasks of type `import`: a new image with data from the web. @see glance `async_/flows/base_import.py` */
export class TaskImport {
  readonly #options: TaskImportOptions

  constructor(options: TaskImportOptions) {
    this.#options = options
  }

  /**
   * Makes the image and has a job fetch its data. What is wrong with the image fails the task, not the order.
   * @returns the id of the task. @throws url_refused
   */
  async order(context: RequestContext, { input, url, readImage }: TaskImportRequest): Promise<string> {
    const { create, imports, tasks, stores, fetcher } = this.#options
    await fetcher.check(url)
    const requester = requesterOf(context)
    try {
      requireInput(input)
      const request = readImage()
      if (!request.diskFormat || !request.containerFormat) {
        throw new GlimpseError('bad_request', { reason: 'The image needs a disk_format and a container_format.' })
      }
      const image = await create.run(context, request)
      return await imports.order(context, image, {
        staleLock: null,
        input: {
          ...{ method: 'web-download', uri: url, allStoresMustSucceed: true, requester, body: {} },
          stores: stores.multiple ? [stores.default.id] : null,
          task: input,
        },
      })
    } catch (error) {
      if (!(error instanceof GlimpseError) || error.status >= 500) throw error
      const id = randomUUID()
      await tasks.create({ id, type: 'import', imageId: null, input, requester })
      await tasks.fail(id, error.message)
      return id
    }
  }
}

/** @see glance `common/scripts/utils.py` `unpack_task_input` */
function requireInput(input: Readonly<Record<string, unknown>>): void {
  for (const name of ['import_from', 'import_from_format', 'image_properties']) {
    if (input[name] === undefined) {
      throw new GlimpseError('bad_request', { reason: `The input of the task does not say ${name}.` })
    }
  }
}
