import { isDeepStrictEqual } from 'node:util'
import { GlimpseError } from '../../errors/error.ts'
import type { StoreCallOptions } from '../../ports/blob-store.ts'
import type { NewImageLocation } from '../../ports/image.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { UriFilter } from '../fetch/uri-filter.ts'
import { shownUrl } from './shown-url.ts'

/** Schemes of data that lies on the service's own disks or that names its credentials: no caller may point there. */
const restrictedSchemes: ReadonlySet<string> = new Set(['file', 'filesystem', 'swift+config'])
/** Schemes of addresses that anybody may serve. */
const webSchemes: ReadonlySet<string> = new Set(['http', 'https'])

/** What a caller says of data that lies in a store already. */
export interface WrittenLocation {
  readonly url: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Judges locations that callers write. @see glance `location.py` `_check_image_location` */
export class ExternalLocations {
  readonly #stores: StoreSet
  readonly #webFilter: UriFilter
  readonly #capBytes: number

  /** @param options.capBytes `image_size_cap` */
  constructor(stores: StoreSet, options: { webFilter: UriFilter; capBytes: number }) {
    this.#stores = stores
    this.#webFilter = options.webFilter
    this.#capBytes = options.capBytes
  }

  /** The location as it is recorded: with several backends it names the one that holds the data. */
  located({ url, metadata }: WrittenLocation): NewImageLocation {
    const store = this.#stores.multiple ? this.#stores.forLocation(url, {}) : undefined
    return { url, metadata: store ? { ...metadata, store: store.id } : metadata, status: 'active' }
  }

  /** Bytes of the data, as its store tells. @throws bad_request if callers may not point there or there is no data, image_size_limit */
  async sizeOf({ url, metadata }: NewImageLocation, options: StoreCallOptions = {}): Promise<number> {
    if (!isStorable(metadata)) throw new GlimpseError('bad_request', { reason: 'Metadata of a location is text.' })
    const scheme = url.slice(0, Math.max(0, url.indexOf(':')))
    const isRefused =
      restrictedSchemes.has(scheme) || (webSchemes.has(scheme) && this.#webFilter.refusal(url) !== undefined)
    const store = isRefused ? undefined : this.#stores.forLocation(url, metadata)
    const size = store?.sizeAsWritten?.(url, options) ?? store?.size(url, options)
    const sizeBytes = await size?.catch((cause: unknown) => {
      options.signal?.throwIfAborted()
      throw new GlimpseError('bad_request', { reason: 'Invalid location' }, { cause })
    })
    if (!sizeBytes) throw new GlimpseError('bad_request', { reason: 'Invalid location' })
    if (sizeBytes > this.#capBytes) throw new GlimpseError('image_size_limit', { capBytes: this.#capBytes })
    return sizeBytes
  }

  /** @throws bad_request if `location` is one of `known` */
  requireNew(location: NewImageLocation, known: readonly NewImageLocation[]): void {
    const isKnown = known.some(
      ({ url, metadata }) => url === location.url && isDeepStrictEqual(metadata, location.metadata),
    )
    if (!isKnown) return
    throw new GlimpseError('bad_request', { reason: `The location ${shownUrl(location.url)} already exists` })
  }
}

/** Text, and lists and objects of it. @see glance_store `backend.py` `check_location_metadata` */
function isStorable(metadata: unknown): boolean {
  if (typeof metadata === 'string') return true
  return typeof metadata === 'object' && metadata !== null && Object.values(metadata).every(isStorable)
}
