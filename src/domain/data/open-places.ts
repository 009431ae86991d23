import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore, ByteRange, LocalBlob, StoreCallOptions } from '../../ports/blob-store.ts'
import type { Image, ImageLocation } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { GrowingBlob } from './growing-blob.ts'
import { ResumingRead } from './resuming-read.ts'
import type { StoreSet } from './store-set.ts'

/** Data that is ready to be sent: a local file, one that still grows, or a stream of just the range. */
export type BlobSource =
  | { readonly store: string; readonly file: LocalBlob }
  | { readonly store: string; readonly growing: GrowingBlob }
  | { readonly store: string; readonly stream: Readable }

/** Where the data of an image lies; `store` undefined: at a store that this node does not have. */
export interface Place {
  readonly location: ImageLocation
  readonly store: BlobStore | undefined
}

/** Where the data of `image` can be read: `preferred` stores first, then by weight, then as locations were added. */
export function placesOf(
  { locations }: Image,
  { stores, preferred = [] }: { stores: StoreSet; preferred?: readonly string[] },
): readonly Place[] {
  return locations
    .filter(({ status }) => status === 'active')
    .map((location) => {
      const store = stores.forLocation(location.url, location.metadata)
      const isFirst = store !== undefined && preferred.includes(store.id)
      return { location, store, first: isFirst ? 1 : 0, weight: store === undefined ? 0 : stores.weightOf(store) }
    })
    .sort((a, b) => b.first - a.first || b.weight - a.weight)
}

export interface OpenPlacesOptions extends StoreCallOptions {
  readonly range: ByteRange
  /** Tells of places that fail. */
  readonly log: Logger
}

/**
 * Opens the data at the first place that can give it. A stream that fails on its way goes on from the same place, if that
 * has given something since it was opened, else from those after it.
 * @throws what a place failed with; blob_not_found only if all places lack the data
 */
export async function openPlaces(places: readonly Place[], options: OpenPlacesOptions): Promise<BlobSource> {
  const { at, result } = await firstOf(places, options, (place) => openSource(place, options))
  const store = places[at]?.store?.id ?? ''
  if ('file' in result) return { store, ...result }
  return { store, stream: resuming(result.stream, places.slice(at), options) }
}

/** As `openPlaces`, and always a stream. */
export async function openPlacesAsStream(places: readonly Place[], options: OpenPlacesOptions): Promise<Readable> {
  const { at, result } = await firstOf(places, options, (place) => openStream(place, options))
  return resuming(result, places.slice(at), options)
}

function resuming(first: Readable, from: readonly Place[], options: OpenPlacesOptions): Readable {
  const { range, signal, log } = options
  let places = from
  let openedAtBytes = 0
  const openRest = async (readBytes: number, failure: Error): Promise<Readable> => {
    signal?.throwIfAborted()
    const [current, ...others] = places
    log.warn({ err: failure, store: current?.store?.id, readBytes }, 'a store failed in the middle of a download')
    const candidates = readBytes > openedAtBytes ? places : others
    if (candidates.length === 0) throw failure
    const rest = { ...options, range: restOf(range, readBytes) }
    const { at, result } = await firstOf(candidates, rest, (place) => openStream(place, rest))
    places = candidates.slice(at)
    openedAtBytes = readBytes
    return result
  }
  return new ResumingRead(first, { storeId: from[0]?.store?.id ?? '', openRest })
}

function restOf({ offset, length }: ByteRange, readBytes: number): ByteRange {
  return { offset: offset + readBytes, ...(length === undefined ? {} : { length: length - readBytes }) }
}

async function firstOf<T>(
  places: readonly Place[],
  { log, signal }: OpenPlacesOptions,
  open: (place: Place) => Promise<T>,
): Promise<{ at: number; result: T }> {
  let failure: unknown
  for (const [at, place] of places.entries()) {
    try {
      return { at, result: await open(place) }
    } catch (error) {
      signal?.throwIfAborted()
      log.warn({ err: error, store: place.store?.id }, 'a location of the image cannot be read')
      // A store that is down may have what others lack.
      if (failure === undefined || hasCode(failure, 'blob_not_found')) failure = error
    }
  }
  throw failure
}

async function openSource(
  place: Place,
  options: OpenPlacesOptions,
): Promise<{ file: LocalBlob } | { stream: Readable }> {
  const { store, location } = place
  if (store?.openFile === undefined) return { stream: await openStream(place, options) }
  const file = await store.openFile(location.url)
  const neededBytes = options.range.offset + (options.range.length ?? 0)
  if (file.sizeBytes >= neededBytes) return { file }
  await file.close()
  throw new GlimpseError('blob_truncated', { store: store.id, expectedBytes: neededBytes, readBytes: file.sizeBytes })
}

async function openStream({ store, location }: Place, options: OpenPlacesOptions): Promise<Readable> {
  if (store === undefined) throw new GlimpseError('store_unavailable', missingStore(location))
  const { range, requester, signal } = options
  return store.open(location.url, { range, ...(requester && { requester }), ...(signal && { signal }) })
}

/** Locations may hold credentials: only the scheme is named. */
function missingStore({ url, metadata }: ImageLocation): { store: string; reason: string } {
  const named = typeof metadata.store === 'string' ? metadata.store : url.slice(0, url.indexOf(':'))
  return { store: named, reason: 'it is not configured on this node' }
}
