import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Fetcher } from '../../ports/fetcher.ts'
import type { Delegation } from '../../ports/identity.ts'
import type { Image } from '../../ports/image.ts'
import type { ImageChange, Repositories } from '../../ports/repositories.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImageFinder } from '../images/find.ts'
import type { JobQueue } from '../jobs/job-queue.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ProjectQuotas } from '../quota/project-quotas.ts'
import { importing, lockProperty, stageHostProperty } from './bookkeeping.ts'
import { remoteOf, requireImportable } from './import-checks.ts'
import { type ImportInput, type ImportRequest, importKind, taskOf } from './import-request.ts'
import { storesOf } from './import-stores.ts'
import type { ImportTasks } from './import-tasks.ts'
import type { RemoteOrder } from './remote-image.ts'
import { stageWatch } from './stage-watch.ts'

export interface StartImportOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly stores: StoreSet
  readonly jobs: JobQueue
  readonly tasks: ImportTasks
  readonly fetcher: Fetcher
  readonly quotas: ProjectQuotas
  /** Undefined: there are no tokens. */
  readonly delegation: Delegation | undefined
  /** Staged data lies on the disks of nodes that have `worker_self_reference_url`. */
  readonly stagesPerNode: boolean
  /** When it is asked for the first time whether the node with the staged data answers. */
  readonly stageWatchMs: number
}

/** A lock of the reference's that nobody has touched for so long is void; twice that before its task has begun. */
const lockAgeMs = 60 * 60_000

/** Takes orders to import. @see glance `api/v2/images.py` `import_image` */
export class StartImport {
  readonly #repositories: Repositories
  readonly #options: StartImportOptions

  constructor(repositories: Repositories, options: StartImportOptions) {
    this.#repositories = repositories
    this.#options = options
  }

  /**
   * Checks the order and has a job carry it out. The image is locked, and `importing` unless its data is copied.
   * @throws image_not_found, conflict, forbidden, bad_request, url_refused
   */
  async run(context: RequestContext, imageId: string, request: ImportRequest): Promise<void> {
    const { finder, access, stores, fetcher } = this.#options
    const image = await finder.find(context, imageId)
    requireImportable(image, request)
    if (request.method === 'copy-image') await access.copy(context, image)
    else await access.modify(context, image)
    const staleLock = await this.#requireUnlocked(image)
    const targets = storesOf(image, { request, stores })
    if (targets?.length === 0) return
    if (!request.allStoresMustSucceed && !stores.multiple) {
      throw new GlimpseError('bad_request', {
        reason: 'all_stores_must_succeed can only be false where there are several stores (enabled_backends).',
      })
    }
    if (request.method === 'web-download') await fetcher.check(request.uri ?? '')
    await this.order(context, image, {
      staleLock,
      input: {
        method: request.method,
        uri: request.uri,
        stores: targets,
        allStoresMustSucceed: request.allStoresMustSucceed,
        requester: requesterOf(context),
        body: request.body,
        expected: request.expected,
        ...this.#remote(context, request),
      },
    })
  }

  /** By whose right the image of another service is read: the caller's, kept where nobody can read it. */
  #remote(context: RequestContext, { method, body }: ImportRequest): { remote?: RemoteOrder } {
    if (method !== 'glance-download') return {}
    const { delegation } = this.#options
    if (!delegation || context.token === null) {
      throw new GlimpseError('bad_request', { reason: 'glance-download is not possible without Keystone.' })
    }
    return { remote: { ...remoteOf(body), sealedToken: delegation.seal(context.token) } }
  }

  /**
   * Locks the image and has a job do the work. @param options `staleLock`: the void lock that is there; null: none
   * @returns the id of the job and of its task. @throws conflict, limit_exceeded
   */
  async order(
    context: RequestContext,
    image: Image,
    { staleLock, input }: { staleLock: string | null; input: ImportInput },
  ): Promise<string> {
    const { jobs, tasks, quotas, stagesPerNode } = this.#options
    const stageHost = input.method === 'glance-direct' && stagesPerNode ? image.properties[stageHostProperty] : null
    const project = context.projectId
    const order = { input: { ...input, ...(stageHost && { stageHost }) }, project, imageId: image.id }
    // What was staged has its place among the uploads.
    await using place = await quotas.reserve(image.owner, image.status === 'queued' ? { image_count_uploading: 1 } : {})
    // The job is there before the lock: a locked image is never without one.
    const job = await jobs.hold(importKind(stageHost ?? null), order)
    const { setProperties } = importing(image, input.stores ?? [])
    try {
      const change: ImageChange = {
        ...(input.method === 'copy-image' ? {} : { fields: { status: 'importing' } }),
        setProperties: { ...setProperties, [lockProperty]: job.id },
        removeProperties: [stageHostProperty],
      }
      await place.settle('image_count_uploading', (settles) =>
        this.#repositories.images.update(image.id, change, {
          from: [image.status],
          holding: { name: lockProperty, value: staleLock },
          // A job that was not held long enough has found no lock, and ends.
          job: { jobId: job.id, token: null },
          settles,
        }),
      )
    } catch (error) {
      // Without an answer the lock may be set: then the job goes on by itself, else it ends.
      if (error instanceof GlimpseError && error.code !== 'database_unavailable') await job.withdraw()
      if (hasCode(error, 'job_lease_lost')) {
        throw new GlimpseError('database_unavailable', { reason: 'it took too long' }, { cause: error })
      }
      if (!hasCode(error, 'image_property_conflict') && !hasCode(error, 'image_status_conflict')) throw error
      const reason = `New operation on image '${image.id}' is not permitted as prior operation is still in progress`
      throw new GlimpseError('conflict', { reason }, { cause: error })
    }
    await tasks.create(taskOf(job.id, { imageId: image.id, input }))
    if (stageHost) {
      const watched = { jobId: job.id, stageHost }
      await jobs.enqueue(stageWatch, { input: watched, project, imageId: null, delayMs: this.#options.stageWatchMs })
    }
    await job.start()
    return job.id
  }

  /** @returns the id in a lock that is void; null if there is none. @throws conflict */
  async #requireUnlocked(image: Image): Promise<string | null> {
    const holder = image.properties[lockProperty]
    if (holder === undefined || holder === null) return null
    const { jobs, tasks } = this.#repositories
    const job = await jobs.get(holder)
    if (job !== undefined && job.status !== 'queued' && job.status !== 'running') return holder
    const task = await tasks.get(holder)
    if (job === undefined && task === undefined) return holder
    const ageMs = Date.now() - (task?.updatedAt.getTime() ?? 0)
    const isVoid = job === undefined && ageMs >= (task?.status === 'pending' ? 2 : 1) * lockAgeMs
    if (!isVoid) throw new GlimpseError('conflict', { reason: 'Image has active task' })
    await this.#options.tasks.fail(holder, 'Expired lock preempted')
    return holder
  }
}

/** Who has ordered an import, as far as its job needs to know. */
export function requesterOf({ userId, projectId, requestId, roles }: RequestContext): ImportInput['requester'] {
  return { userId, projectId, requestId, roles }
}
