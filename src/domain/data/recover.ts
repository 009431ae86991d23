import { hasCode } from '../../errors/error.ts'
import type { AbandonedWrite, BlobStore } from '../../ports/blob-store.ts'
import type { ImageStatus } from '../../ports/image.ts'
import type { Logger } from '../../ports/logger.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import { lockProperty } from '../import/bookkeeping.ts'
import type { StoreSet } from './store-set.ts'

/**
 * Cleans up after processes that died in the middle of an upload, on any host that shares a store: their data goes, and
 * their images are `queued` again, so that the upload can be repeated. What living processes write is never touched,
 * so this may run at any time and in several processes.
 * @returns how many writes were cleaned up
 */
export async function recoverUploads(
  images: ImageRepository,
  { stores, log }: { stores: StoreSet; log: Logger },
): Promise<number> {
  // A store that is away may keep its finder waiting until it is back.
  const counts = await Promise.all(
    stores.all().map((store) =>
      recoverStore(images, { store, stores, log }).catch((error: unknown) => {
        log.error({ err: error, store: store.id }, 'the store does not tell of dead uploads')
        return 0
      }),
    ),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

/** The same for one store. @throws store_unavailable */
export async function recoverStore(
  images: ImageRepository,
  { store, stores, log }: { store: BlobStore; stores: StoreSet; log: Logger },
): Promise<number> {
  let count = 0
  for await (const write of store.abandoned?.() ?? []) {
    try {
      const outcome = await recoverOne(images, write, { store, stores })
      log.info({ imageId: write.key, store: store.id, outcome }, 'cleaned up after an upload whose process died')
      count++
    } catch (error) {
      await write.release()
      log.error({ err: error, imageId: write.key, store: store.id }, 'cannot clean up after a dead upload')
    }
  }
  return count
}

/**
 * In this order a failure in between leaves the write to be found again. No upload of the image can start before it is
 * `queued`, and then it makes a write of its own.
 */
async function recoverOne(
  images: ImageRepository,
  write: AbandonedWrite,
  { store, stores }: { store: BlobStore; stores: StoreSet },
): Promise<'requeued' | 'removed' | 'kept' | 'left to its job'> {
  const image = await images.get(write.key)
  // Whoever takes the job over can use what was begun, and clears the rest away.
  if (image?.properties[lockProperty] !== undefined) {
    await write.release()
    return 'left to its job'
  }
  // Blob and record were both complete: the process died while it tidied up.
  const recorded =
    image?.locations.some(({ url, metadata }) => stores.forLocation(url, metadata)?.id === store.id) ?? false
  if (!recorded) await write.removeBlob()
  const busy = stores.reserved(store.id) === undefined ? 'saving' : 'uploading'
  const requeued = image?.status === busy
  if (requeued) await requeue(images, image.id, busy)
  await write.discard()
  return recorded ? 'kept' : requeued ? 'requeued' : 'removed'
}

async function requeue(images: ImageRepository, id: string, from: ImageStatus): Promise<void> {
  const fields = { status: 'queued', sizeBytes: null, virtualSizeBytes: null } as const
  try {
    await images.update(id, { fields }, { from: [from] })
  } catch (error) {
    if (!hasCode(error, 'image_not_found') && !hasCode(error, 'image_status_conflict')) throw error
  }
}
