import { hasCode } from '../../errors/error.ts'
import type { Requester } from '../../ports/blob-store.ts'
import type { Image } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { StoreSet } from './store-set.ts'

/**
 * Deletes the data behind all locations of an image that is deleted. Data that is gone already counts as deleted; that
 * of read-only stores stays.
 * @throws blob_in_use, store_unavailable, storage_write_denied: the first failure, after all locations were tried
 * @see glance `common/store_utils.py` `safe_delete_from_backend`
 */
export async function removeBlobs(
  image: Image,
  { stores, log, requester }: { stores: StoreSet; log: Logger; requester?: Requester },
): Promise<void> {
  const failures: unknown[] = []
  for (const { url, metadata } of image.locations) {
    const store = stores.forLocation(url, metadata)
    if (store === undefined) {
      log.error({ imageId: image.id, store: metadata.store }, 'data stays: its store is not configured on this node')
      continue
    }
    if (store.delete === undefined) continue
    try {
      await store.delete(url, requester ? { requester } : {})
    } catch (error) {
      if (hasCode(error, 'blob_not_found'))
        log.warn({ imageId: image.id, store: store.id }, 'the data was gone already')
      else failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
