import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { Image, ImageFields, ImageLocation, ImageStatus } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { Sealer } from '../../ports/sealer.ts'
import type { TaskChange } from '../../ports/tasks.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { nodeHashName } from '../data/hash-names.ts'
import { readThrough } from '../data/read-through.ts'
import { removeBlobs } from '../data/remove-blobs.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ContentRules } from '../formats/content-rules.ts'
import type { JobHandler, JobKind, RunningJob } from '../jobs/job-kind.ts'
import type { ProjectQuotas } from '../quota/project-quotas.ts'
import type { ExternalLocations } from './external-location.ts'

/** What a job of this kind is told. */
export type LocationImportInput = {
  readonly taskId: string
  readonly imageId: string
  /** By `Sealer`: it may hold credentials. */
  readonly sealedUrl: string
  readonly validationData: { readonly os_hash_algo: string; readonly os_hash_value: string } | null
}

export const locationImport: JobKind<LocationImportInput> = { name: 'location_import' }

export interface LocationImportOptions {
  readonly repositories: Pick<Repositories, 'images' | 'tasks'>
  readonly stores: StoreSet
  readonly external: ExternalLocations
  readonly sealer: Sealer
  readonly digests: DigestPool
  readonly content: ContentRules
  readonly quotas: ProjectQuotas
  readonly hashingAlgorithm: string
  /** `do_secure_hash` */
  readonly secureHash: boolean
  /** `http_retries` */
  readonly retries: number
  /** `image_size_cap` */
  readonly capBytes: number
  /** `delayed_delete` */
  readonly delayed: boolean
  readonly taskTimeToLiveHours: number
  readonly log: Logger
}

type Job = RunningJob<LocationImportInput>

/**
 * Gives a queued image its location. With `do_secure_hash` the data is read once for its hashes: before the image becomes
 * active if the caller vouches for one, after that otherwise. Each part bears being done again.
 * @see glance `async_/flows/location_import.py`
 */
export class LocationImport implements JobHandler<LocationImportInput> {
  readonly kind = locationImport
  readonly maxAttempts: number
  readonly #options: LocationImportOptions

  constructor(options: LocationImportOptions) {
    this.#options = options
    this.maxAttempts = Math.max(0, options.retries) + 1
  }

  /** What a server does wrong may be right the next time; what the caller has said stays as it is. */
  isRetriable(error: unknown): boolean {
    return !(error instanceof GlimpseError) || error.status === 503 || error.code === 'blob_truncated'
  }

  async run(job: Job): Promise<void> {
    const { taskId, validationData } = job.input
    const { tasks } = this.#options.repositories
    await tasks.update(taskId, { status: 'processing' })
    const isVerified = this.#options.secureHash && validationData !== null
    await job.step('location', (signal) => this.#locate(job, { signal, isVerified }))
    if (isVerified) {
      await job.step('hash', (signal) => this.#verify(job, validationData, signal))
    } else if (this.#options.secureHash) {
      await job.step('hash', (signal) => this.#hash(job, { algorithm: this.#options.hashingAlgorithm, signal }))
    }
    await this.#end(taskId, { status: 'success', result: { image_id: job.input.imageId } })
  }

  /** An image that is active keeps its data, with or without hashes; one that waits for a proof is queued again. */
  async abandon(job: Job, { reason }: { reason: string }): Promise<void> {
    const { images } = this.#options.repositories
    const { imageId, taskId } = job.input
    const image = await images.get(imageId)
    const hasLocation = image !== undefined && this.#locationOf(image, job) !== undefined
    if (hasLocation && image.status === 'active') {
      this.#options.log.warn({ imageId, reason }, 'the hashes of an image could not be computed')
      return this.#end(taskId, { status: 'success', result: { image_id: imageId } })
    }
    if (hasLocation && image.status === 'importing') await this.#revert(image, job)
    await this.#end(taskId, { status: 'failure', message: reason })
  }

  /** Records the location. */
  async #locate(
    { input: { imageId, sealedUrl, validationData }, lease }: Job,
    { signal, isVerified }: { signal: AbortSignal; isVerified: boolean },
  ): Promise<null> {
    const { repositories, external, sealer, quotas } = this.#options
    const url = sealer.decrypt(sealedUrl)
    const image = await this.#image(imageId)
    // A former run of the job may have come so far.
    if (image.status !== 'queued' && image.locations.some((known) => known.url === url)) return null
    const location = external.located({ url, metadata: {} })
    const sizeBytes = await external.sizeOf(location, { imageId, signal })
    requireFormats(image)
    external.requireNew(location, image.locations)
    const vouched = validationData && {
      osHashAlgo: validationData.os_hash_algo,
      osHashValue: validationData.os_hash_value,
    }
    const fields: Partial<ImageFields> = {
      status: isVerified ? 'importing' : 'active',
      sizeBytes: image.sizeBytes || sizeBytes,
      ...(isVerified || this.#options.secureHash ? {} : vouched),
    }
    await using reservation = await quotas.reserve(image.owner, { image_size_total: sizeBytes })
    await reservation.settle('image_size_total', (settles) =>
      repositories.images.update(
        imageId,
        { fields, addLocations: [location] },
        { from: ['queued'], job: lease, settles },
      ),
    )
    return null
  }

  async #verify(
    job: Job,
    expected: { os_hash_algo: string; os_hash_value: string },
    signal: AbortSignal,
  ): Promise<null> {
    const { imageId } = job.input
    if ((await this.#image(imageId)).status === 'active') return null
    const hashes = await this.#read(job, { algorithm: expected.os_hash_algo, signal })
    if (hashes.osHashValue !== expected.os_hash_value.toLowerCase()) {
      throw new GlimpseError('bad_request', { reason: 'The os_hash_value given is not that of the data.' })
    }
    await this.#set(job, { fields: { ...hashes, status: 'active' }, from: ['importing'] })
    return null
  }

  async #hash(job: Job, { algorithm, signal }: { algorithm: string; signal: AbortSignal }): Promise<null> {
    const from: ImageStatus[] = ['active', 'deactivated']
    const hashes = await this.#read(job, { algorithm, signal }).catch(async (error: unknown) => {
      // Nobody may boot from it, but an administrator can look at it.
      if (hasCode(error, 'image_data_refused')) await this.#set(job, { fields: { status: 'deactivated' }, from })
      throw error
    })
    await this.#set(job, { fields: hashes, from })
    return null
  }

  /** Reads all of the data once. @throws image_data_refused if it names other files */
  async #read(
    job: Job,
    { algorithm, signal }: { algorithm: string; signal: AbortSignal },
  ): Promise<Pick<ImageFields, 'checksum' | 'osHashAlgo' | 'osHashValue' | 'sizeBytes'>> {
    const { stores, digests, content, capBytes } = this.#options
    const image = await this.#image(job.input.imageId)
    const check = content.inspect(image, 'location')
    const location = this.#locationOf(image, job)
    const store = location && stores.forLocation(location.url, location.metadata)
    if (!store) throw new GlimpseError('conflict', { reason: 'The location is no longer that of the image.' })
    const { sizeBytes, digests: found } = await readThrough(await store.open(location.url, { signal }), {
      storeId: store.id,
      digests,
      algorithms: ['md5', nodeHashName(algorithm) ?? algorithm],
      checkSize: (bytes) => {
        if (bytes > capBytes) throw new GlimpseError('image_size_limit', { capBytes })
        job.progress(bytes)
      },
      inspect: (chunk) => check.eat(chunk),
      signal,
    })
    check.finish()
    return { sizeBytes, checksum: found[0] ?? null, osHashAlgo: algorithm, osHashValue: found[1] ?? null }
  }

  async #set(job: Job, { fields, from }: { fields: Partial<ImageFields>; from: ImageStatus[] }): Promise<void> {
    const { images } = this.#options.repositories
    await images.update(job.input.imageId, { fields }, { from, job: job.lease })
  }

  /**
   * Takes the location from the image, with its data, as it was given to the service. The data goes first: a process that
   * is killed in between leaves an image that still knows it. Data that its store does not give up is left to the scrubber.
   */
  async #revert(image: Image, job: Job): Promise<void> {
    const { repositories } = this.#options
    const location = this.#locationOf(image, job)
    const status = location && (await this.#isRemoved(image, location)) ? 'deleted' : 'pending_delete'
    const fields = { status: 'queued', sizeBytes: null } as const
    const removeLocations = location ? [{ id: location.id, status }] : []
    await repositories.images.update(image.id, { fields, removeLocations }, { from: ['importing'], job: job.lease })
  }

  async #isRemoved(image: Image, location: ImageLocation): Promise<boolean> {
    const { delayed, log } = this.#options
    if (delayed) return false
    try {
      await removeBlobs({ ...image, locations: [location] }, this.#options)
      return true
    } catch (error) {
      log.error({ err: error, imageId: image.id }, 'the data of a location that was not added stays for the scrubber')
      return false
    }
  }

  #locationOf({ locations }: Image, { input }: Job): ImageLocation | undefined {
    const url = this.#options.sealer.decrypt(input.sealedUrl)
    return locations.find((location) => location.url === url)
  }

  async #end(taskId: string, change: TaskChange): Promise<void> {
    const expiresAt = new Date(Date.now() + this.#options.taskTimeToLiveHours * 3_600_000)
    await this.#options.repositories.tasks.update(taskId, { ...change, expiresAt })
  }

  async #image(id: string): Promise<Image> {
    const image = await this.#options.repositories.images.get(id)
    if (!image) throw new GlimpseError('image_not_found', { id })
    return image
  }
}

function requireFormats({ diskFormat, containerFormat }: Image): void {
  if (diskFormat && containerFormat) return
  throw new GlimpseError('bad_request', {
    reason: 'disk_format and container_format must be set before the image gets data.',
  })
}
