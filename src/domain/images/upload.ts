import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore, BlobWriter, WrittenBlob } from '../../ports/blob-store.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, ImageFields } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { type ExpectedDigests, requireExpected, withExpected } from '../data/expected-digests.ts'
import { nodeHashName } from '../data/hash-names.ts'
import { type Received, receive } from '../data/receive.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ContentRules } from '../formats/content-rules.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ProjectQuotas } from '../quota/project-quotas.ts'
import type { Reservation } from '../quota/reservation.ts'
import { SizeMeter } from '../quota/size-meter.ts'
import type { DataReaders } from './data-readers.ts'
import type { ImageFinder } from './find.ts'
import { requireDataAllowed } from './upload-checks.ts'

export interface UploadLimits {
  /** `image_size_cap` */
  readonly capBytes: number
}

export interface UploadOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly stores: StoreSet
  readonly digests: DigestPool
  readonly readers: DataReaders
  readonly limits: UploadLimits
  readonly content: ContentRules
  readonly quotas: ProjectQuotas
  /** `hashing_algorithm`, in the words of hashlib. */
  readonly hashingAlgorithm: string
  readonly log: Logger
}

export interface UploadRequest {
  readonly imageId: string
  /** What the client announced; null: unknown. */
  readonly sizeBytes: number | null
  /** `X-Image-Meta-Store`; undefined: the default store. */
  readonly storeId: string | undefined
  /** The data must have these; none: any data will do. */
  readonly expected: ExpectedDigests
}

/** Data of images, from the first check to status `active`. @see glance `api/v2/image_data.py` `upload`, `location.py` `set_data` */
export class UploadImage {
  readonly #images: ImageRepository
  readonly #options: UploadOptions

  constructor(images: ImageRepository, options: UploadOptions) {
    this.#images = images
    this.#options = options
  }

  /**
   * Checks everything that can be known without the data, opens a write in the store and takes the image from `queued`
   * to `saving`. The caller then runs the upload, which always ends it.
   * @throws store_unknown, store_read_only, image_not_found, forbidden, conflict, bad_request, image_size_limit, storage_quota_full,
   * limit_exceeded, storage_full, blob_exists
   */
  async begin(context: RequestContext, request: UploadRequest): Promise<RunningUpload> {
    const { finder, access, stores, limits } = this.#options
    const store = request.storeId === undefined ? stores.default : stores.get(request.storeId)
    if (store.create === undefined) throw new GlimpseError('store_read_only', { store: store.id })
    const image = await finder.find(context, request.imageId)
    await access.upload(context, image)
    requireDataAllowed(image)
    const { sizeBytes } = request
    if (sizeBytes !== null) requireWithinCap(sizeBytes, limits)
    const reservation = await this.#reserve(image, sizeBytes)
    try {
      // The write comes first: while it is open, others can see that this upload is alive (see recover.ts).
      const writer = await store.create(image.id, { sizeBytes, requester: context })
      const { expected } = request
      const options = { ...this.#options, context, image, store, writer, sizeBytes, reservation, expected }
      await this.#startSaving(options)
      return new RunningUpload(this.#images, options)
    } catch (error) {
      await reservation.release()
      throw error
    }
  }

  /** The size as far as it is known, and a place among the uploads. */
  #reserve(image: Image, sizeBytes: number | null): Promise<Reservation> {
    return this.#options.quotas.reserve(
      image.owner,
      { image_size_total: sizeBytes ?? 0, image_count_uploading: 1 },
      { sizeUnknown: sizeBytes === null },
    )
  }

  async #startSaving({ image, writer, reservation }: RunningOptions): Promise<void> {
    const fields = { status: 'saving' } as const
    try {
      await reservation.settle('image_count_uploading', (settles) =>
        this.#images.update(image.id, { fields }, { from: ['queued'], settles }),
      )
    } catch (error) {
      await writer.abort()
      throw hasCode(error, 'image_status_conflict') ? transitionRefused('saving', 'saving', error) : error
    }
  }
}

interface RunningOptions extends UploadOptions {
  readonly context: RequestContext
  readonly image: Image
  readonly store: BlobStore
  readonly writer: BlobWriter
  readonly sizeBytes: number | null
  readonly reservation: Reservation
  readonly expected: ExpectedDigests
}

/** An upload whose image is `saving`. `run` or `abandon` must be called, once. */
export class RunningUpload {
  readonly #images: ImageRepository
  readonly #options: RunningOptions

  constructor(images: ImageRepository, options: RunningOptions) {
    this.#images = images
    this.#options = options
  }

  /**
   * Stores the body and makes the image `active`. After any failure nothing of the data is left, and the image is
   * `queued` again, unless it was deleted meanwhile.
   * @throws upload_aborted, upload_size_mismatch, digest_mismatch, image_size_limit, storage_quota_full, limit_exceeded,
   * storage_full, image_data_refused, image_gone
   */
  async run(body: Readable, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { image, writer, digests, limits, content, sizeBytes, hashingAlgorithm, reservation, expected } =
      this.#options
    const osHashAlgo = image.osHashAlgo ?? hashingAlgorithm
    const nodeName = nodeHashName(osHashAlgo)
    const check = content.inspect(image, 'upload')
    const meter = sizeBytes === null ? new SizeMeter(reservation, { resource: 'image_size_total' }) : undefined
    try {
      if (nodeName === undefined) {
        throw new GlimpseError('bad_request', { reason: `This service cannot compute the digest ${osHashAlgo}.` })
      }
      const algorithms = withExpected(['md5', nodeName], expected)
      const received = await receive(body, {
        writer,
        digests,
        algorithms,
        sizeBytes,
        checkSize: (bytes) => {
          requireWithinCap(bytes, limits)
          meter?.saw(bytes)
        },
        inspect: (chunk) => check.eat(chunk),
        ...(signal ? { signal } : {}),
      })
      await meter?.finish(received.sizeBytes)
      requireExpected(expected, { algorithms, digests: received.digests })
      const virtualSizeBytes = check.finish()
      const blob = await writer.commit()
      await this.#grantReaders(blob)
      await this.#activate(blob, { received, osHashAlgo, virtualSizeBytes })
    } catch (error) {
      await meter?.stopped()
      await this.abandon()
      throw error
    }
    await reservation.release()
    await writer.settle()
  }

  /** Removes what was written and puts the image back to `queued`. Never throws: it runs after other failures. */
  async abandon(): Promise<void> {
    const { image, writer, log, reservation } = this.#options
    const requestId = this.#options.context.requestId
    await writer.abort().catch((error: unknown) => {
      log.error({ err: error, imageId: image.id, requestId }, 'the data of a failed upload could not be removed')
    })
    const fields = { status: 'queued', sizeBytes: null, virtualSizeBytes: null } as const
    await this.#images.update(image.id, { fields }, { from: ['saving'] }).catch((error: unknown) => {
      if (hasCode(error, 'image_not_found') || hasCode(error, 'image_status_conflict')) return
      log.error({ err: error, imageId: image.id, requestId }, 'the image of a failed upload stays in status saving')
    })
    await reservation.release()
  }

  /** Before the image is active: who sees it then may read it. */
  async #grantReaders({ url }: WrittenBlob): Promise<void> {
    const { context, image, store, readers } = this.#options
    if (store.setReaders === undefined) return
    const current = (await this.#images.get(image.id)) ?? image
    await readers.grant(context, { image: current, store, url })
  }

  async #activate(
    blob: WrittenBlob,
    {
      received,
      osHashAlgo,
      virtualSizeBytes,
    }: { received: Received; osHashAlgo: string; virtualSizeBytes: number | null },
  ): Promise<void> {
    const { image, store, stores, reservation } = this.#options
    const [checksum = null, osHashValue = null] = received.digests
    const fields: Partial<ImageFields> = {
      status: 'active',
      sizeBytes: received.sizeBytes,
      checksum,
      osHashAlgo,
      osHashValue,
      ...(virtualSizeBytes === null ? {} : { virtualSizeBytes }),
    }
    const metadata = stores.multiple ? { ...blob.metadata, store: store.id } : blob.metadata
    const addLocations = [{ url: blob.url, metadata, status: 'active' }]
    try {
      await reservation.settle('image_size_total', (settles) =>
        this.#images.update(image.id, { fields, addLocations }, { from: ['saving'], settles }),
      )
    } catch (error) {
      if (!hasCode(error, 'image_not_found') && !hasCode(error, 'image_status_conflict')) throw error
      throw new GlimpseError('image_gone', { id: image.id }, { cause: error })
    }
  }
}

function requireWithinCap(bytes: number, { capBytes }: UploadLimits): void {
  if (bytes > capBytes) throw new GlimpseError('image_size_limit', { capBytes })
}

function transitionRefused(from: string, to: string, cause: unknown): GlimpseError {
  const reason = `Image status transition from ${from} to ${to} is not allowed`
  return new GlimpseError('conflict', { reason }, { cause })
}
