import { randomUUID } from 'node:crypto'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Fetcher } from '../../ports/fetcher.ts'
import type { Json } from '../../ports/jobs.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { CreateImage, NewImageRequest } from '../images/create.ts'
import type { ImportInput } from './import-request.ts'
import type { ImportTasks } from './import-tasks.ts'
import { requesterOf, type StartImport } from './start-import.ts'

export interface TaskImportOptions {
  readonly images: ImageRepository
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
      const order: ImportInput = {
        ...{ method: 'web-download' as const, uri: url, allStoresMustSucceed: true, requester, body: {} },
        stores: stores.multiple ? [stores.default.id] : null,
        task: input,
      }
      return await imports.order(context, image, { staleLock: null, input: order }).catch(async (error: unknown) => {
        await this.#forget(image.id)
        throw error
      })
    } catch (error) {
      if (!(error instanceof GlimpseError) || error.status >= 500) throw error
      const id = randomUUID()
      await tasks.create({ id, type: 'import', imageId: null, input, requester })
      await tasks.fail(id, error.message)
      return id
    }
  }

  /** Removes an image whose data nobody will bring; one whose import has begun all the same stays. */
  async #forget(imageId: string): Promise<void> {
    try {
      await this.#options.images.delete(imageId, { from: ['queued'] })
    } catch (error) {
      if (!hasCode(error, 'image_status_conflict') && !hasCode(error, 'image_not_found')) throw error
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
