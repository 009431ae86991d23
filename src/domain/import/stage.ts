import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobWriter } from '../../ports/blob-store.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { ImageFinder } from '../images/find.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { ProjectQuotas } from '../quota/project-quotas.ts'
import type { Reservation } from '../quota/reservation.ts'
import { SizeMeter } from '../quota/size-meter.ts'
import { stageHostProperty } from './bookkeeping.ts'
import { copyInto } from './copy-into.ts'
import type { StagingArea } from './staging-area.ts'

export interface StageOptions {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly staging: StagingArea
  readonly quotas: ProjectQuotas
  /** `image_size_cap` */
  readonly capBytes: number
  /** `worker_self_reference_url`, else `public_endpoint`: where the staged data is; null: nobody asks. */
  readonly selfUrl: string | null
  /** `glance-direct` is one of `enabled_import_methods`. */
  readonly enabled: boolean
  readonly log: Logger
}

/** Takes data that is imported later. @see glance `api/v2/image_data.py` `stage` */
export class StageImage {
  readonly #images: ImageRepository
  readonly #options: StageOptions

  constructor(images: ImageRepository, options: StageOptions) {
    this.#images = images
    this.#options = options
  }

  /** @throws not_found where data cannot be staged at all */
  requireEnabled(): void {
    if (this.#options.enabled) return
    throw new GlimpseError('not_found', { reason: "The import method 'glance-direct' is not available at this site." })
  }

  /**
   * Checks what can be known without the data and takes the image from `queued` to `uploading`. The caller then runs the
   * staging, which always ends it.
   * @throws image_not_found, forbidden, conflict, image_size_limit, storage_full
   */
  async begin(
    context: RequestContext,
    { imageId, sizeBytes }: { imageId: string; sizeBytes: number | null },
  ): Promise<RunningStaging> {
    const { finder, access, capBytes } = this.#options
    const image = await finder.find(context, imageId)
    await access.modify(context, image)
    if (image.status !== 'queued') throw refused(image.status)
    if ((sizeBytes ?? 0) > capBytes) throw new GlimpseError('image_size_limit', { capBytes })
    const reservation = await this.#options.quotas.reserve(
      image.owner,
      { image_stage_total: sizeBytes ?? 0, image_count_uploading: 1 },
      { sizeUnknown: sizeBytes === null },
    )
    try {
      return await this.#start(image, { sizeBytes, reservation })
    } catch (error) {
      await reservation.release()
      throw error
    }
  }

  async #start(
    image: Image,
    { sizeBytes, reservation }: { sizeBytes: number | null; reservation: Reservation },
  ): Promise<RunningStaging> {
    const { staging } = this.#options
    // As for uploads, the open write tells others that this one is alive.
    const writer = await staging.create(image.id, { sizeBytes }).catch((error: unknown) => {
      if (!hasCode(error, 'blob_exists')) throw error
      throw new GlimpseError('conflict', { reason: `The image ${image.id} has data on staging` }, { cause: error })
    })
    try {
      await reservation.settle('image_count_uploading', (settles) =>
        this.#images.update(image.id, { fields: { status: 'uploading' } }, { from: ['queued'], settles }),
      )
    } catch (error) {
      await writer.abort()
      throw hasCode(error, 'image_status_conflict') ? refused('uploading') : error
    }
    return new RunningStaging(this.#images, { ...this.#options, image, writer, sizeBytes, reservation })
  }
}

interface RunningOptions extends StageOptions {
  readonly image: Image
  readonly writer: BlobWriter
  readonly sizeBytes: number | null
  readonly reservation: Reservation
}

/** A staging whose image is `uploading`. */
export class RunningStaging {
  readonly #images: ImageRepository
  readonly #options: RunningOptions

  constructor(images: ImageRepository, options: RunningOptions) {
    this.#images = images
    this.#options = options
  }

  /**
   * Stores the body in the staging area. After any failure nothing of it is left, and the image is `queued` again, unless
   * it was deleted meanwhile.
   * @throws upload_aborted, upload_size_mismatch, image_size_limit, storage_full, image_gone
   */
  async run(body: Readable): Promise<void> {
    const { image, writer, sizeBytes, capBytes, selfUrl, reservation } = this.#options
    const meter = sizeBytes === null ? new SizeMeter(reservation, { resource: 'image_stage_total' }) : undefined
    try {
      const receivedBytes = await copyInto(writer, body, {
        sizeBytes,
        checkSize: (bytes) => {
          if (bytes > capBytes) throw new GlimpseError('image_size_limit', { capBytes })
          meter?.saw(bytes)
        },
      })
      await meter?.finish(receivedBytes)
      await writer.commit()
      const setProperties = selfUrl === null ? {} : { [stageHostProperty]: selfUrl }
      const change = { fields: { sizeBytes: receivedBytes }, setProperties }
      await reservation.settle('image_stage_total', (settles) =>
        this.#images.update(image.id, change, { from: ['uploading'], settles }),
      )
    } catch (error) {
      await meter?.stopped()
      await this.#abandon()
      const isGone = hasCode(error, 'image_not_found') || hasCode(error, 'image_status_conflict')
      throw isGone ? new GlimpseError('image_gone', { id: image.id }, { cause: error }) : error
    }
    await reservation.release()
    await writer.settle()
  }

  async #abandon(): Promise<void> {
    const { image, writer, reservation, log } = this.#options
    await writer.abort().catch((error: unknown) => {
      log.error({ err: error, imageId: image.id }, 'the data of a failed staging could not be removed')
    })
    const fields = { status: 'queued', sizeBytes: null } as const
    await this.#images.update(image.id, { fields }, { from: ['uploading'] }).catch((error: unknown) => {
      if (hasCode(error, 'image_not_found') || hasCode(error, 'image_status_conflict')) return
      log.error({ err: error, imageId: image.id }, 'the image of a failed staging stays in status uploading')
    })
    await reservation.release()
  }
}

function refused(status: string): GlimpseError {
  const reason = `Image status transition from ${status} to uploading is not allowed`
  return new GlimpseError('conflict', { reason })
}
