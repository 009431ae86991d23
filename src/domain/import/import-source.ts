import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { FetchedData, Fetcher } from '../../ports/fetcher.ts'
import type { Delegation } from '../../ports/identity.ts'
import type { Image } from '../../ports/image.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImportInput } from './import-request.ts'
import { openRemote, type RemoteMetadata } from './remote-image.ts'
import type { StagingArea } from './staging-area.ts'

export interface SourceOptions {
  readonly stores: StoreSet
  readonly staging: StagingArea
  readonly fetcher: Fetcher
  /** Undefined: there are no tokens. */
  readonly delegation: Delegation | undefined
  /** `[glance_download_properties] extra_properties` */
  readonly remotePrefixes: readonly string[]
}

/** The data, and what the image takes over from its source. */
export type ImportSource = FetchedData & { readonly metadata?: RemoteMetadata }

/**
 * Opens the data that an import is about.
 * @throws import_failed where there is none, url_refused, fetch_refused, fetch_failed, store_unavailable
 */
export async function openSource(
  image: Image,
  input: ImportInput,
  options: SourceOptions & { signal: AbortSignal },
): Promise<ImportSource> {
  const { stores, staging, fetcher, signal } = options
  switch (input.method) {
    case 'glance-direct':
      try {
        const sizeBytes = await staging.size(image.id)
        return { body: await staging.open(image.id, { signal }), sizeBytes }
      } catch (error) {
        if (!hasCode(error, 'blob_not_found')) throw error
        throw new GlimpseError('import_failed', { reason: 'the staged data is gone.' }, { cause: error })
      }
    case 'web-download':
      return fetcher.open(input.uri ?? '', { signal })
    case 'copy-image':
      return openCopy(image, { stores, signal })
    case 'glance-download':
      if (!input.remote) throw new GlimpseError('import_failed', { reason: 'the order names no image.' })
      return openRemote(input.remote, { ...options, prefixes: options.remotePrefixes })
  }
}

/** The data of the image itself: from the default store if it is there, else from the first store that has it. */
async function openCopy(
  image: Image,
  { stores, signal }: { stores: StoreSet; signal: AbortSignal },
): Promise<FetchedData> {
  const held = image.locations.flatMap((location) => {
    const store = stores.forLocation(location.url, location.metadata)
    return store ? [{ store, url: location.url }] : []
  })
  held.sort((a, b) => Number(b.store === stores.default) - Number(a.store === stores.default))
  let missing: unknown
  for (const { store, url } of held) {
    try {
      return { body: await store.open(url, { signal }), sizeBytes: image.sizeBytes }
    } catch (error) {
      if (!hasCode(error, 'blob_not_found')) throw error
      missing = error
    }
  }
  throw new GlimpseError('import_failed', { reason: 'no configured store has the data.' }, { cause: missing })
}
