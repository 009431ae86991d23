import { hasCode } from '../../errors/error.ts'
import type { Image, ImageLocation } from '../../ports/image.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { Copy, CopyState, StoreState } from './plan.ts'

/** What a plan needs to know of the stores. */
export function storeStates(stores: StoreSet): StoreState[] {
  return stores.list().map(({ store, isAvailable }) => ({
    id: store.id,
    isWritable: store.create !== undefined,
    isAvailable: isAvailable?.() ?? true,
  }))
}

/** The copies of an image, as its locations say: nobody is asked. */
export function recordedCopies(image: Image, stores: StoreSet): Copy[] {
  const unavailable = stores.unavailable()
  return image.locations.map((location) => {
    const storeId = stores.forLocation(location.url, location.metadata)?.id ?? null
    const isKnown = storeId !== null && !unavailable.includes(storeId)
    return { locationId: location.id, storeId, state: recordedState(location) ?? (isKnown ? 'good' : 'unknown') }
  })
}

/** The copies of an image, as the stores say when they are asked. Never throws but the reason of the signal. */
export function checkedCopies(
  image: Image,
  { stores, signal }: { stores: StoreSet; signal: AbortSignal },
): Promise<Copy[]> {
  return Promise.all(
    image.locations.map(async (location) => {
      const store = stores.forLocation(location.url, location.metadata)
      const state = recordedState(location) ?? (store ? await stateIn(store, { image, location, signal }) : 'unknown')
      return { locationId: location.id, storeId: store?.id ?? null, state }
    }),
  )
}

async function stateIn(
  store: NonNullable<ReturnType<StoreSet['forLocation']>>,
  { image, location, signal }: { image: Image; location: ImageLocation; signal: AbortSignal },
): Promise<CopyState> {
  try {
    const sizeBytes = await store.size(location.url, { signal })
    // Servers of others need not tell a size.
    const isKnown = image.sizeBytes !== null && !(store.capabilities.manyServers && sizeBytes === 0)
    return isKnown && sizeBytes !== image.sizeBytes ? 'damaged' : 'good'
  } catch (error) {
    signal.throwIfAborted()
    // Where data lies in accounts of projects, what the service may not see looks like what is not there.
    return hasCode(error, 'blob_not_found') && !store.setReaders ? 'missing' : 'unknown'
  }
}

/** Of a location that others are at work on. @see glance `db/sqlalchemy/models.py` ImageLocation.status */
function recordedState({ status }: ImageLocation): CopyState | undefined {
  return status === 'active' ? undefined : 'unsettled'
}
