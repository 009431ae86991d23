import { randomUUID } from 'node:crypto'
import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { JobRepository } from '../../ports/jobs.ts'
import type { Sealer } from '../../ports/sealer.ts'
import type { TaskRepository } from '../../ports/tasks.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImageFinder } from '../images/find.ts'
import { shownTo } from '../images/show.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import { locationImport } from './import-location.ts'
import { shownUrl } from './shown-url.ts'
import { requireDigest, type ValidationData } from './validation-data.ts'

export interface LocationRequest {
  readonly url: string
  /** Absent: nobody vouches for a hash. */
  readonly validationData?: ValidationData
}

export interface ImageLocationsOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly stores: StoreSet
  readonly tasks: TaskRepository
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly sealer: Sealer
}

/** Gives queued images data that lies somewhere already. @see glance `api/v2/images.py` `add_location`, `get_locations` */
export class ImageLocations {
  readonly #options: ImageLocationsOptions

  constructor(options: ImageLocationsOptions) {
    this.#options = options
  }

  /**
   * Orders the location: a job looks at the data, and the image becomes active. A task tells how it ends.
   * @throws image_not_found, conflict, forbidden, bad_request, database_unavailable
   */
  async add(context: RequestContext, { id, request }: { id: string; request: LocationRequest }): Promise<void> {
    const { finder, access, tasks, jobs, queue, sealer } = this.#options
    const image = await finder.find(context, id)
    if (image.status !== 'queued') {
      throw new GlimpseError('conflict', {
        reason: `It's not allowed to add locations if image status is ${image.status}.`,
      })
    }
    await access.addLocation(context, image)
    this.#requireWeb(context, request)
    const { url, validationData = null } = request
    if (validationData) requireDigest(validationData)
    const taskId = randomUUID()
    const input = {
      ...{ taskId, imageId: id, sealedUrl: sealer.encrypt(url) },
      validationData: validationData && { ...validationData },
    }
    const job = await queue.hold(locationImport, { input, project: context.projectId, imageId: id })
    // Of those who come at once, the first one stays.
    const [first] = await jobs.openOf(id)
    if (first?.id !== job.id) {
      await job.withdraw()
      throw new GlimpseError('conflict', { reason: `Another operation on image ${id} is still in progress.` })
    }
    await tasks.create({
      id: taskId,
      type: 'location_import',
      status: 'pending',
      owner: context.projectId ?? image.owner ?? '',
      // Administrators read it: no secret stays in the URL.
      input: { image_id: id, loc_url: shownUrl(url), validation_data: validationData ?? {} },
      result: null,
      message: null,
      imageId: id,
      requestId: context.requestId,
      userId: context.userId,
      expiresAt: null,
    })
    await job.start()
  }

  /** The image with those locations that the caller may read: of one that is deactivated only administrators see them. @throws image_not_found, forbidden */
  async fetch(context: RequestContext, id: string): Promise<Image> {
    const { finder, access } = this.#options
    const image = await finder.find(context, id)
    await access.fetchLocations(context, image)
    return shownTo(context, image, { protections: undefined })
  }

  /** Only services know where else data may lie. */
  #requireWeb({ roles, serviceRoles }: RequestContext, { url }: LocationRequest): void {
    if (roles.includes('service') || serviceRoles.includes('service')) return
    const hasWebStore = this.#options.stores.list().some(({ store }) => store.schemes.includes('http'))
    if (url.startsWith('http') && hasWebStore) return
    throw new GlimpseError('forbidden', {
      reason: 'Without the service role only http locations can be added, and a store of type http must be enabled.',
    })
  }
}
