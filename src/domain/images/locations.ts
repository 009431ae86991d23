import { createHash } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { GlimpseError } from '../../errors/error.ts'
import type { Requester } from '../../ports/blob-store.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, ImageFields, ImageLocation } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import { nodeHashName } from '../data/hash-names.ts'
import { removeBlobs } from '../data/remove-blobs.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ExternalLocations, WrittenLocation } from '../locations/external-location.ts'
import { shownUrl } from '../locations/shown-url.ts'
import type { ImageDraft } from './draft.ts'
import { type Quotas, requireQuota } from './limits.ts'

/** A location as a caller writes it in a patch. */
interface PatchedLocation extends WrittenLocation {
  readonly validation_data?: Readonly<Record<string, string>>
}

export interface LocationOptions {
  readonly stores: StoreSet
  readonly quotas: Quotas
  /** `show_multiple_locations`; off, nobody may change locations. */
  readonly enabled: boolean
  /** `delayed_delete`: data of removed locations waits for the scrubber. */
  readonly delayed: boolean
  readonly hashingAlgorithm: string
  readonly external: ExternalLocations
  readonly log: Logger
}

/** Changes of an image's locations by a patch. @see glance `api/v2/images.py` `_do_add_locations`, `location.py` */
export class LocationChanges {
  readonly #options: LocationOptions

  constructor(options: LocationOptions) {
    this.#options = options
  }

  /** The status that removed locations end in. */
  get removedStatus(): 'deleted' | 'pending_delete' {
    return this.#options.delayed ? 'pending_delete' : 'deleted'
  }

  /** Removes the data of locations that a patch took from `image`, unless it waits. @throws blob_in_use, store_unavailable */
  async removeData(
    requester: Requester,
    { image, locations }: { image: Image; locations: readonly ImageLocation[] },
  ): Promise<void> {
    if (locations.length === 0 || this.#options.delayed) return
    const { stores, log } = this.#options
    await removeBlobs({ ...image, locations }, { stores, log, requester })
  }

  /** @throws forbidden, conflict, bad_request, quota_exceeded */
  async add(
    draft: ImageDraft,
    { position, value, context }: { position: string; value: unknown; context: RequestContext },
  ): Promise<void> {
    this.#requireAllowed(draft, { verb: 'add', statuses: ['active', 'queued'] })
    const { external } = this.#options
    const written = value as PatchedLocation
    const hashes = this.#validationData(draft, [written])
    const { locations } = draft
    const at = position === '-' ? locations.length : numberOf(position)
    if (at === undefined) throw invalidPosition('adding')
    requireQuota(this.#options.quotas, { locations: locations.length + 1 })
    const location = external.located(written)
    const sizeBytes = await external.sizeOf(location, { imageId: draft.image.id, context })
    external.requireNew(location, locations)
    draft.addLocation(location, { at })
    this.#settle(draft, { hashes, sizeBytes })
  }

  /** Sets locations of an image that has none, or the metadata of those it has. @throws as `add` */
  async replace(
    draft: ImageDraft,
    { value, context }: { value: readonly unknown[]; context: RequestContext },
  ): Promise<void> {
    this.#requireAllowed(draft, { verb: 'replace', statuses: ['active', 'queued'] })
    const { external } = this.#options
    const { locations } = draft
    const written = (value as readonly PatchedLocation[]).map((location) => asStored(location, locations))
    const hashes = this.#validationData(draft, written)
    requireQuota(this.#options.quotas, { locations: written.length })
    const sameUrls = isDeepStrictEqual(urlsOf(written), urlsOf(locations))
    if (locations.length > 0 && !sameUrls) {
      throw new GlimpseError('bad_request', {
        reason: 'Locations of an image that has some cannot be replaced by others.',
      })
    }
    const fresh = written.map((location) => external.located(location))
    let sizeBytes: number | undefined
    for (const [index, location] of sameUrls ? [] : fresh.entries()) {
      const size = await external.sizeOf(location, { imageId: draft.image.id, context })
      sizeBytes ??= size
      external.requireNew(location, fresh.slice(0, index))
    }
    for (const location of [...locations]) draft.supersedeLocation(location)
    for (const location of fresh) draft.addLocation(location)
    this.#settle(draft, { hashes, sizeBytes })
  }

  /** @throws forbidden, conflict, bad_request */
  remove(draft: ImageDraft, position: string): void {
    this.#requireAllowed(draft, { verb: 'remove', statuses: ['active'] })
    const { locations } = draft
    if (locations.length === 1) {
      throw new GlimpseError('forbidden', { reason: 'Cannot remove last location in the image.' })
    }
    const location = locations[(position === '-' ? locations.length - 1 : numberOf(position)) ?? -1]
    if (!location) throw invalidPosition('removing')
    draft.removeLocation(location)
  }

  #requireAllowed(draft: ImageDraft, { verb, statuses }: { verb: string; statuses: readonly string[] }): void {
    if (!this.#options.enabled) {
      throw new GlimpseError('forbidden', {
        reason: `It's not allowed to ${verb} locations if locations are invisible.`,
      })
    }
    if (!statuses.includes(draft.status)) {
      throw new GlimpseError('conflict', {
        reason: `It's not allowed to ${verb} locations if image status is ${draft.status}.`,
      })
    }
  }

  /** A queued image that gets a location becomes active with what the caller says of the data. */
  #settle(draft: ImageDraft, given: { hashes: Partial<ImageFields>; sizeBytes: number | undefined }): void {
    if (given.sizeBytes !== undefined && !draft.field('sizeBytes')) draft.setFields({ sizeBytes: given.sizeBytes })
    if (draft.status !== 'queued') return
    const missing = [
      ...(draft.field('diskFormat') ? [] : ['disk_format']),
      ...(draft.field('containerFormat') ? [] : ['container_format']),
    ]
    if (missing.length > 0) {
      throw new GlimpseError('bad_request', {
        reason: `Properties ${missing.join(', ')} must be set prior to saving data.`,
      })
    }
    draft.setFields({ ...given.hashes, status: 'active' })
  }

  /** Hashes that the caller vouches for and the image does not have. @throws conflict */
  #validationData(draft: ImageDraft, locations: readonly PatchedLocation[]): Partial<ImageFields> {
    const values = new Map<string, string>()
    for (const { validation_data: data = {} } of locations) {
      for (const [name, value] of Object.entries(data)) {
        if ((values.get(name) ?? value) !== value) throw clash(`Conflicting values for ${name}`)
        values.set(name, value)
      }
    }
    const fields: { checksum?: string; osHashAlgo?: string; osHashValue?: string } = {}
    for (const [name, value] of values) {
      const field = hashFields[name as keyof typeof hashFields]
      const current = draft.field(field)
      if (current === value) continue
      if (current) throw clash(`${name} is already set with a different value`)
      fields[field] = value
    }
    if (Object.keys(fields).length > 0) this.#requireHashes(draft, fields)
    return fields
  }

  #requireHashes(draft: ImageDraft, fields: { checksum?: string; osHashAlgo?: string; osHashValue?: string }): void {
    const { hashingAlgorithm } = this.#options
    if (draft.status !== 'queued') throw clash("New hashes may only be provided when image status is 'queued'")
    if (fields.checksum !== undefined) requireHex(fields.checksum, { name: 'checksum', bytes: 16 })
    if (fields.osHashAlgo !== hashingAlgorithm) {
      throw clash(`os_hash_algo must be ${hashingAlgorithm}, not ${fields.osHashAlgo}`)
    }
    requireHex(fields.osHashValue ?? '', { name: 'os_hash_value', bytes: digestBytes(hashingAlgorithm) })
  }
}

const hashFields = { checksum: 'checksum', os_hash_algo: 'osHashAlgo', os_hash_value: 'osHashValue' } as const

function digestBytes(algorithm: string): number {
  return createHash(nodeHashName(algorithm) ?? algorithm).digest().length
}

function requireHex(value: string, { name, bytes }: { name: string; bytes: number }): void {
  if (/^[0-9a-f]*$/i.test(value) && value.length === bytes * 2) return
  throw clash(`${name} (${value}) is not a hexadecimal value of ${bytes} bytes`)
}

function numberOf(position: string): number | undefined {
  return /^\d+$/.test(position) ? Number(position) : undefined
}

/** Callers know locations as they are shown: such a URL means the one that is stored. */
function asStored(written: PatchedLocation, locations: readonly { readonly url: string }[]): PatchedLocation {
  const known = locations.find(({ url }) => url !== written.url && shownUrl(url) === written.url)
  return known ? { ...written, url: known.url } : written
}

function urlsOf(locations: readonly { readonly url: string }[]): string[] {
  return locations.map(({ url }) => url).sort()
}

function clash(reason: string): GlimpseError {
  return new GlimpseError('conflict', { reason })
}

function invalidPosition(action: string): GlimpseError {
  return new GlimpseError('bad_request', { reason: `Invalid position for ${action} a location.` })
}
