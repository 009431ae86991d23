import { isDeepStrictEqual } from 'node:util'
import { GlimpseError } from '../../errors/error.ts'
import type { Requester, StoreCallOptions } from '../../ports/blob-store.ts'
import type { RequestContext } from '../../ports/context.ts'
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

/** Who writes a location, and of which image. */
export interface LocationWriter {
  readonly imageId: string
  /** Absent: the service itself, for somebody whom it has judged already. */
  readonly context?: Requester & Pick<RequestContext, 'isAdmin' | 'roles' | 'serviceRoles'>
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

  /** Bytes of the data of a writer's image, as its store tells. @throws bad_request if callers may not point there or there is no data, image_size_limit */
  async sizeOf(
    { url, metadata }: NewImageLocation,
    { imageId, context, signal }: LocationWriter & { signal?: AbortSignal },
  ): Promise<number> {
    if (!isStorable(metadata)) throw new GlimpseError('bad_request', { reason: 'Metadata of a location is text.' })
    const scheme = url.slice(0, Math.max(0, url.indexOf(':')))
    const isRefused =
      restrictedSchemes.has(scheme) || (webSchemes.has(scheme) && this.#webFilter.refusal(url) !== undefined)
    const store = isRefused ? undefined : this.#stores.forLocation(url, metadata)
    if (context && !isTrusted(context) && store?.admits?.(url, { imageId }) === false) throw invalid()
    const options: StoreCallOptions = { ...(context && { requester: context }), ...(signal && { signal }) }
    const size = store?.sizeAsWritten?.(url, options) ?? store?.size(url, options)
    const sizeBytes = await size?.catch((cause: unknown) => {
      signal?.throwIfAborted()
      throw invalid(cause)
    })
    if (!sizeBytes) throw invalid()
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

function invalid(cause?: unknown): GlimpseError {
  return new GlimpseError('bad_request', { reason: 'Invalid location' }, { cause })
}

/** Administrators and services know what lies in the stores beside images. */
function isTrusted({ isAdmin, roles, serviceRoles }: NonNullable<LocationWriter['context']>): boolean {
  return isAdmin || roles.includes('service') || serviceRoles.includes('service')
}

/** Text, and lists and objects of it. @see glance_store `backend.py` `check_location_metadata` */
function isStorable(metadata: unknown): boolean {
  if (typeof metadata === 'string') return true
  return typeof metadata === 'object' && metadata !== null && Object.values(metadata).every(isStorable)
}
