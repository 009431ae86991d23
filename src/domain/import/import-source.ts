import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { FetchedData, Fetcher } from '../../ports/fetcher.ts'
import type { Image } from '../../ports/image.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImportInput } from './import-request.ts'
import type { StagingArea } from './staging-area.ts'

export interface SourceOptions {
  readonly stores: StoreSet
  readonly staging: StagingArea
  readonly fetcher: Fetcher
}

/**
 * Opens the data that an import is about.
 * @throws import_failed where there is none, url_refused, fetch_refused, fetch_failed, store_unavailable
 */
export async function openSource(
  image: Image,
  input: ImportInput,
  { stores, staging, fetcher, signal }: SourceOptions & { signal: AbortSignal },
): Promise<FetchedData> {
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
      throw new GlimpseError('import_failed', { reason: 'glance-download is not offered by this service.' })
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
