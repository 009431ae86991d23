import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BegunWrite, BlobStore, Requester } from '../../ports/blob-store.ts'
import type { Image, ImageFields } from '../../ports/image.ts'
import type { JobVerdict } from '../../ports/jobs.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageChange, ImageRepository } from '../../ports/repositories.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { type ExpectedDigests, requireExpected, verified, withExpected } from '../data/expected-digests.ts'
import { nodeHashName } from '../data/hash-names.ts'
import type { ContentRules } from '../formats/content-rules.ts'
import type { UploadLimits } from '../images/upload.ts'
import type { JobHandler, JobKind, RunningJob } from '../jobs/job-kind.ts'
import type { ProjectQuotas } from '../quota/project-quotas.ts'
import type { Reservation } from '../quota/reservation.ts'
import { SizeMeter } from '../quota/size-meter.ts'
import { failedStores, imported, lockProperty } from './bookkeeping.ts'
import { type ImportInput, taskOf } from './import-request.ts'
import { type ImportSource, openSource, type SourceOptions } from './import-source.ts'
import type { ImportTasks, TaskOrder } from './import-tasks.ts'
import { injectedProperties, requireRoom } from './inject.ts'
import type { InjectConfig } from './options.ts'
import type { ImportData, ImportPlugin } from './plugin.ts'
import type { FetchHistory, FetchMark } from './resumed-fetch.ts'
import { clearStore, Transfer } from './transfer.ts'

export interface ImportJobOptions extends SourceOptions {
  readonly kind: JobKind<ImportInput>
  readonly tasks: ImportTasks
  /** Undefined: imported images get no properties. */
  readonly inject: InjectConfig | undefined
  /** Applied to the data in this order, unless it is copied. */
  readonly plugins: readonly ImportPlugin[]
  readonly digests: DigestPool
  readonly limits: UploadLimits
  /** `image_property_quota` */
  readonly mostProperties: number
  readonly content: ContentRules
  readonly quotas: ProjectQuotas
  /** `hashing_algorithm`, in the words of hashlib. */
  readonly hashingAlgorithm: string
  readonly log: Logger
}

type Job = RunningJob<ImportInput>

/** Data as it is to be stored, and what comes with it. */
interface OpenedData extends ImportData {
  readonly properties: Readonly<Record<string, string>>
  /** Of the data as it is to be stored. */
  readonly expected: ExpectedDigests
  /** @throws digest_mismatch if the data at its source was not what was expected; undefined: nothing was, or it is in `expected` */
  readonly requireVerified: (() => void) | undefined
  readonly begun: BegunWrite | undefined
}

const tellEveryMs = 5_000
const mebibyte = 2 ** 20
/** A source that breaks off may hold longer the next time, and a process that lost the job may still clear its data away. */
const retriable = [
  'upload_aborted',
  'fetch_failed',
  'store_unavailable',
  'database_unavailable',
  'identity_unavailable',
  'blob_exists',
] as const

/**
 * Imports an image that `StartImport` has locked: one stream from the source into all stores, and one change of the image
 * that makes it active and unlocks it. A process that dies in it leaves nothing that the next one does not clear away.
 * @see glance `async_/flows/api_image_import.py`
 */
export class ImportJob implements JobHandler<ImportInput> {
  readonly kind: JobKind<ImportInput>
  readonly maxAttempts = 4
  readonly #images: ImageRepository
  readonly #options: ImportJobOptions
  /** Stores that stopped a job, until it is abandoned. */
  readonly #culprits = new Map<string, readonly string[]>()

  constructor(images: ImageRepository, options: ImportJobOptions) {
    this.kind = options.kind
    this.#images = images
    this.#options = options
  }

  isRetriable(error: unknown): boolean {
    return !(error instanceof GlimpseError) || retriable.some((code) => error.code === code)
  }

  async run(job: Job): Promise<void> {
    const { tasks, staging } = this.#options
    const imageId = imageOf(job)
    this.#culprits.delete(job.id)
    await tasks.begin(taskOrderOf(job))
    const image = await this.#existing(imageId)
    if (image.properties[lockProperty] === job.id) await this.#transfer(job, image)
    else if (!isDone(image, job)) throw new GlimpseError('image_property_conflict', { id: imageId, name: lockProperty })
    if (job.input.method !== 'copy-image') await staging.remove(imageId)
    await tasks.succeed(job.id, { imageId })
  }

  async abandon(job: Job, { verdict, reason }: { verdict: JobVerdict; reason: string }): Promise<void> {
    const { tasks, staging } = this.#options
    const imageId = imageOf(job)
    const image = await this.#images.get(imageId)
    const isCopy = job.input.method === 'copy-image'
    const isOurs = image?.properties[lockProperty] === job.id
    if (!isCopy && (isOurs || image === undefined)) await staging.remove(imageId)
    if (image && isOurs) await this.#clear(job, image)
    if (image && isOurs && job.input.task) await this.#images.delete(imageId, { from: ['importing'] })
    else if (image && isOurs) await this.#unlock(job, image, { verdict })
    await tasks.begin(taskOrderOf(job))
    await tasks.fail(job.id, reason)
    this.#culprits.delete(job.id)
  }

  async #transfer(job: Job, image: Image): Promise<void> {
    const { digests, log, stores, quotas, content } = this.#options
    const { input, signal } = job
    const names = hashesOf(image, this.#options.hashingAlgorithm)
    const { properties, isExact, expected, requireVerified, begun, ...source } = await this.#open(job, image)
    const formats = { diskFormat: source.diskFormat, containerFormat: source.containerFormat }
    let transfer: Transfer | undefined
    let meter: SizeMeter | undefined
    try {
      requireRoom(image, { properties, most: this.#options.mostProperties })
      const targets = (input.stores ?? [stores.default.id]).map((id) => stores.get(id))
      const requester = requesterOf(job)
      await using reservation = await quotas.reserve(
        image.owner,
        { image_size_total: (source.sizeBytes ?? 0) * targets.length },
        { sizeUnknown: source.sizeBytes === null },
      )
      if (source.sizeBytes === null) meter = new SizeMeter(reservation, { resource: 'image_size_total' })
      transfer = new Transfer({
        key: image.id,
        stores: targets,
        allMustSucceed: input.allStoresMustSucceed,
        requester,
        mayClear: (store) => mayClear(job, { image, store }),
        log,
      })
      await transfer.open({ ...source, isFirst: job.attempts === 1 })
      const check =
        input.method === 'copy-image' ? undefined : content.inspect(formats, isExact ? 'conversion' : 'import')
      const algorithms = withExpected(['md5', names.node], expected)
      const { sizeBytes, digests: values } = await transfer.stream(source.body, {
        ...{ digests, algorithms, sizeBytes: source.sizeBytes, signal },
        checkSize: this.#sizeCheck(job, (bytes) => meter?.saw(bytes * targets.length)),
        ...(check ? { inspect: (chunk: Uint8Array) => check.eat(chunk) } : {}),
      })
      await meter?.finish(sizeBytes * targets.length)
      requireExpected(expected, { algorithms, digests: values })
      requireVerified?.()
      const [checksum = null, osHashValue = null] = values
      if (input.method === 'copy-image') requireSame(image, osHashValue)
      const virtualSizeBytes = check?.finish() ?? image.virtualSizeBytes
      await this.#complete(job, image, {
        transfer,
        reservation,
        properties,
        data: {
          ...(input.method === 'copy-image' ? {} : formats),
          sizeBytes,
          virtualSizeBytes,
          checksum,
          osHashAlgo: names.api,
          osHashValue,
        },
      })
    } catch (error) {
      source.body.destroy()
      await meter?.stopped()
      this.#culprits.set(job.id, transfer?.failedStores ?? [])
      await transfer?.abort()
      await begun?.release()
      throw error
    }
    await transfer.settle()
    await begun?.discard()
  }

  /** The data as it is to be stored. */
  async #open(job: Job, image: Image): Promise<OpenedData> {
    const history = this.#history(job)
    const source = await openSource(image, job.input, { ...this.#options, signal: job.signal, history })
    try {
      return await this.#prepare(job, image, source)
    } catch (error) {
      await source.begun?.release()
      throw error
    }
  }

  async #prepare(job: Job, image: Image, source: ImportSource): Promise<OpenedData> {
    const { input } = job
    const plugins = input.method === 'copy-image' ? [] : this.#options.plugins
    const { expected = {} } = input
    const { metadata, sizeBytes, begun, mark } = source
    // Plugins change the data: what is expected of the source is then another matter than what is stored.
    const isApart = plugins.length > 0 && Object.keys(expected).length > 0
    const apart = isApart ? verified(source.body, { expected, digests: this.#options.digests }) : undefined
    const { diskFormat, containerFormat } = metadata ?? image
    let data: ImportData = { body: apart?.body ?? source.body, sizeBytes, diskFormat, containerFormat }
    const context = { imageId: image.id, signal: job.signal, tell: this.#teller(job.id) }
    for (const plugin of plugins) data = await plugin.apply(data, context)
    // What plugins have changed is not the beginning of what is fetched.
    if (mark && data.body === source.body) await recordFetch(job, { mark, body: data.body })
    const injected = injectedProperties(this.#options.inject, input.requester.roles)
    const properties = input.method === 'copy-image' ? {} : { ...metadata?.properties, ...injected }
    return { ...data, begun, properties, expected: apart ? {} : expected, requireVerified: apart?.requireVerified }
  }

  /** What is known of the data from the web that a killed process has begun to store. */
  #history(job: Job): FetchHistory {
    const { stores } = this.#options
    const ids = job.input.stores ?? [stores.default.id]
    return {
      known: job.recorded('fetch') as FetchMark | undefined,
      async begun() {
        for (const { store } of stores.list().filter((entry) => ids.includes(entry.store.id))) {
          const begun = await store.begun?.(imageOf(job))
          if (begun) return begun
        }
        return undefined
      },
    }
  }

  /** Makes the data visible, records it and unlocks the image, in one change. */
  async #complete(
    job: Job,
    image: Image,
    {
      transfer,
      reservation,
      properties,
      data,
    }: {
      transfer: Transfer
      reservation: Reservation
      properties: Readonly<Record<string, string>>
      data: Partial<ImageFields>
    },
  ): Promise<void> {
    const { stores } = this.#options
    const isCopy = job.input.method === 'copy-image'
    const addLocations = (await transfer.commit()).map(({ store, blob }) => ({
      url: blob.url,
      metadata: stores.multiple ? { ...blob.metadata, store: store.id } : blob.metadata,
      status: 'active',
    }))
    const stillImage = await this.#existing(image.id)
    requireRoom(stillImage, { properties, most: this.#options.mostProperties })
    const failed = namedFailures(job, transfer.failedStores)
    const told = imported(stillImage, job.input.stores ?? [], { failed })
    const change: ImageChange = {
      ...(isCopy ? {} : { fields: { status: 'active', ...data } }),
      setProperties: { ...properties, ...told.setProperties },
      removeProperties: [lockProperty],
      addLocations,
    }
    const holding = { name: lockProperty, value: job.id }
    const from = isCopy ? (['active', 'deactivated'] as const) : (['importing'] as const)
    await reservation.settle('image_size_total', (settles) =>
      this.#images.update(image.id, change, { from, holding, job: job.lease, settles }),
    )
  }

  /** Removes what killed processes have left in the stores of an image that is locked for the job. */
  async #clear(job: Job, image: Image): Promise<void> {
    const { stores } = this.#options
    const ids = job.input.stores ?? [stores.default.id]
    for (const { store } of stores.list().filter((entry) => ids.includes(entry.store.id))) {
      if (await mayClear(job, { image, store })) {
        await clearStore(store, { key: image.id, requester: requesterOf(job) })
      }
    }
  }

  /** Gives the image back as it was before the import. */
  async #unlock(job: Job, image: Image, { verdict }: { verdict: JobVerdict }): Promise<void> {
    const { input } = job
    const culprits = this.#culprits.get(job.id) ?? []
    const all = input.stores ?? []
    const failed = verdict === 'cancelled' ? [] : namedFailures(job, culprits.length > 0 ? culprits : all)
    const reset = { status: 'queued', sizeBytes: null, virtualSizeBytes: null } as const
    const change: ImageChange = {
      ...(input.method === 'copy-image' || image.status !== 'importing' ? {} : { fields: reset }),
      ...imported(image, all, { failed }),
      removeProperties: [lockProperty],
    }
    const holding = { name: lockProperty, value: job.id }
    const options = { from: [image.status], holding, job: job.lease }
    await this.#images.update(image.id, change, options).catch((error: unknown) => {
      if (!hasCode(error, 'image_not_found') && !hasCode(error, 'image_property_conflict')) throw error
    })
  }

  #sizeCheck(job: Job, count: (receivedBytes: number) => void): (receivedBytes: number) => void {
    const { capBytes } = this.#options.limits
    const tell = this.#teller(job.id)
    return (bytes) => {
      if (bytes > capBytes) throw new GlimpseError('image_size_limit', { capBytes })
      count(bytes)
      job.progress(bytes)
      tell(() => `Copied ${Math.floor(bytes / mebibyte)} MiB`)
    }
  }

  /** What shows clients how far the job is, now and then. */
  #teller(jobId: string): (message: () => string) => void {
    const { tasks, log } = this.#options
    let toldAt = Number.NEGATIVE_INFINITY
    return (message) => {
      if (performance.now() - toldAt < tellEveryMs) return
      toldAt = performance.now()
      tasks.tell(jobId, message()).catch((error: unknown) => log.warn({ err: error }, 'progress cannot be shown'))
    }
  }

  async #existing(id: string): Promise<Image> {
    const image = await this.#images.get(id)
    if (!image) throw new GlimpseError('image_not_found', { id })
    return image
  }
}

/** So that a later attempt can tell whether what this one leaves is of use. */
async function recordFetch(job: Job, { mark, body }: { mark: FetchMark; body: Readable }): Promise<void> {
  try {
    await job.step('fetch', async () => mark)
  } catch (error) {
    body.destroy()
    throw error
  }
}

function imageOf({ imageId }: Job): string {
  return imageId ?? ''
}

function requesterOf({ input: { requester } }: Job): Requester {
  return { userId: requester.userId, projectId: requester.projectId, token: null }
}

/** Whether nobody has a right to what lies in the store under the image's id. @throws job_lease_lost */
async function mayClear(job: Job, { image, store }: { image: Image; store: BlobStore }): Promise<boolean> {
  await job.confirm()
  return !image.locations.some(({ url, metadata }) => metadata.store === store.id || store.owns?.(url) === true)
}

function taskOrderOf(job: Job): TaskOrder {
  return taskOf(job.id, { imageId: imageOf(job), input: job.input })
}

/** The job was carried out by a process that died before it could say so. */
function isDone(image: Image, { input }: Job): boolean {
  if (image.status !== 'active' && image.status !== 'deactivated') return false
  const settled = new Set([...failedStores(image), ...image.locations.map(({ metadata }) => metadata.store)])
  return image.locations.length > 0 && (input.stores ?? []).every((id) => settled.has(id))
}

/** The one store of a service without several has no name that clients know. */
function namedFailures({ input }: Job, stores: readonly string[]): readonly string[] {
  return input.stores === null ? [] : stores
}

function hashesOf(image: Image, configured: string): { api: string; node: string } {
  const api = image.osHashAlgo ?? configured
  const node = nodeHashName(api)
  if (node === undefined) throw new GlimpseError('import_failed', { reason: `the digest ${api} cannot be computed.` })
  return { api, node }
}

/** What is copied must be the image. */
function requireSame(image: Image, osHashValue: string | null): void {
  if (image.osHashValue === null || image.osHashValue === osHashValue) return
  throw new GlimpseError('import_failed', { reason: 'the data in the store is not what the image’s digest says.' })
}
