import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { Image, ImageFields } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { nodeHashName } from '../data/hash-names.ts'
import { openPlacesAsStream, placesOf } from '../data/open-places.ts'
import { readThrough } from '../data/read-through.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ContentCheck, ContentRules } from '../formats/content-rules.ts'
import type { JobHandler, JobKind, RunningJob } from '../jobs/job-kind.ts'

/** What a job of this kind is told. */
export type MissingDigestsInput = { readonly imageId: string }

/** Computes what an image lacks of `checksum`, `os_hash_value`, `size` and `virtual_size`. */
export const missingDigests: JobKind<MissingDigestsInput> = { name: 'missing-digests' }

export interface MissingDigestsOptions {
  readonly images: ImageRepository
  readonly stores: StoreSet
  readonly digests: DigestPool
  readonly content: ContentRules
  /** `hashing_algorithm`, in the words of hashlib; for images that have none of their own. */
  readonly hashingAlgorithm: string
  readonly log: Logger
}

const statuses = ['active', 'deactivated'] as const

/** Whether a job of the kind `missingDigests` has something to do. */
export function lacksDigests(image: Image): boolean {
  const { checksum, osHashAlgo, osHashValue, sizeBytes } = image
  const isLacking = [checksum, osHashAlgo, osHashValue, sizeBytes].includes(null)
  return isLacking && statuses.some((status) => status === image.status)
}

/**
 * Reads the data of an image once, and records what was missing if nobody has changed the image meanwhile. What the image
 * says of itself already must hold: data that is something else fails the job, and the image stays as it is.
 */
export class MissingDigests implements JobHandler<MissingDigestsInput> {
  readonly kind = missingDigests
  readonly #options: MissingDigestsOptions

  constructor(options: MissingDigestsOptions) {
    this.#options = options
  }

  async run(job: RunningJob<MissingDigestsInput>): Promise<void> {
    const { images } = this.#options
    const image = await images.get(job.input.imageId)
    if (!image || !lacksDigests(image)) return
    const fields = await this.#read(image, job)
    await this.#requireSameLocations(image)
    const { checksum, osHashAlgo, osHashValue, sizeBytes, virtualSizeBytes } = image
    try {
      const expects = { checksum, osHashAlgo, osHashValue, sizeBytes, virtualSizeBytes }
      await images.update(image.id, { fields }, { from: statuses, expects })
    } catch (error) {
      if (!hasCode(error, 'image_not_found')) throw error
    }
  }

  async #read(image: Image, { signal, progress }: RunningJob<MissingDigestsInput>): Promise<Partial<ImageFields>> {
    const { stores, digests, content, hashingAlgorithm, log } = this.#options
    const osHashAlgo = image.osHashAlgo ?? hashingAlgorithm
    const nodeName = nodeHashName(osHashAlgo)
    if (nodeName === undefined) conflict(`The digest ${osHashAlgo} cannot be computed.`)
    const places = placesOf(image, { stores })
    if (places.length === 0) conflict('The image has no data.')
    const check = content.inspect(image, 'upload')
    const body = await openPlacesAsStream(places, {
      range: { offset: 0 },
      signal,
      log: log.child({ imageId: image.id }),
    })
    const read = await readThrough(body, {
      storeId: places[0]?.store?.id ?? '',
      digests,
      algorithms: ['md5', nodeName],
      checkSize: progress,
      inspect: (chunk) => check.eat(chunk),
      signal,
    })
    const [checksum = null, osHashValue = null] = read.digests
    const found = { sizeBytes: read.sizeBytes, checksum, osHashAlgo, osHashValue }
    requireAgreement(image, found)
    return { ...found, virtualSizeBytes: image.virtualSizeBytes ?? virtualSizeOf(check) }
  }

  /** What was read must be the image's still: its locations may have been exchanged. */
  async #requireSameLocations({ id, locations }: Image): Promise<void> {
    const current = await this.#options.images.get(id)
    const isSame = locations.every((read) => current?.locations.some((location) => location.id === read.id))
    if (current && !isSame) throw new GlimpseError('image_changed', { id })
  }
}

/** @throws conflict if the image says otherwise */
function requireAgreement(image: Image, found: Pick<ImageFields, 'sizeBytes' | 'checksum' | 'osHashValue'>): void {
  if (image.sizeBytes !== null && image.sizeBytes !== found.sizeBytes) {
    conflict(`The data has ${found.sizeBytes} bytes where the image says ${image.sizeBytes}.`)
  }
  for (const name of ['checksum', 'osHashValue'] as const) {
    const known = image[name]
    if (known !== null && known !== found[name]) conflict(`The data is not what the image’s ${name} says.`)
  }
}

/** Old images may be what nobody could upload today: they get no size that guests see. */
function virtualSizeOf(check: ContentCheck): number | null {
  try {
    return check.finish()
  } catch (error) {
    if (hasCode(error, 'image_data_refused')) return null
    throw error
  }
}

function conflict(reason: string): never {
  throw new GlimpseError('conflict', { reason })
}
