import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImportRequest } from './import-request.ts'

/**
 * Ids of the stores that an import fills, without those that have the data already; null: the one store of a service
 * without several.
 * @throws bad_request, conflict (an unknown store)
 * @see glance `common/utils.py` `get_stores_from_request`
 */
export function storesOf(
  image: Image,
  { request, stores }: { request: ImportRequest; stores: StoreSet },
): readonly string[] | null {
  const isCopy = request.method === 'copy-image'
  if (!stores.multiple) {
    if (isCopy) throw new GlimpseError('bad_request', { reason: 'Image is already present in the only store.' })
    return null
  }
  const wanted = wantedStores(request, stores)
  if (!isCopy) return wanted
  const present = new Set(image.locations.map(({ metadata }) => metadata.store))
  if (request.allStores) return wanted.filter((id) => !present.has(id))
  const first = wanted.find((id) => present.has(id))
  if (first === undefined) return wanted
  throw new GlimpseError('bad_request', { reason: `Image is already present at store '${first}'` })
}

function wantedStores(request: ImportRequest, stores: StoreSet): readonly string[] {
  const { allStores, headerStore } = request
  if (allStores) {
    if (request.stores !== undefined || headerStore !== undefined) {
      refuse("All_stores parameter can't be used with x-image-meta-store header or stores parameter")
    }
    return stores
      .list()
      .filter(({ store }) => store.create !== undefined)
      .map(({ store }) => store.id)
  }
  if (request.stores !== undefined && headerStore !== undefined) {
    refuse("Stores parameter and x-image-meta-store header can't be both specified")
  }
  const named = request.stores ?? [headerStore ?? stores.default.id]
  for (const id of named) requireStore(id, stores)
  return [...new Set(named)]
}

function requireStore(id: string, stores: StoreSet): void {
  try {
    stores.get(id)
  } catch (error) {
    if (!hasCode(error, 'store_unknown')) throw error
    throw new GlimpseError('conflict', { reason: error.message }, { cause: error })
  }
}

function refuse(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}
