import { GlimpseError } from '../../../errors/error.ts'
import type { SwiftClient } from './client.ts'
import type { ObjectPlace } from './location.ts'

const parallel = 8

/** Deletes those objects; some may be gone already. @throws storage_write_denied, store_unavailable */
export async function deleteObjects(
  client: SwiftClient,
  { container, names, signal }: { container: string; names: readonly string[]; signal?: AbortSignal },
): Promise<void> {
  const left = names.values()
  const work = async () => {
    for (const object of left) await client.deleteObject({ container, object }, signal ? { signal } : {})
  }
  const results = await Promise.allSettled(Array.from({ length: Math.min(parallel, names.length) }, work))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
}

/** Deletes the objects of a container that begin with `prefix`. @throws storage_write_denied, store_unavailable */
export async function removeAll(
  client: SwiftClient,
  { container, prefix, signal }: { container: string; prefix: string; signal?: AbortSignal },
): Promise<void> {
  const options = signal ? { signal } : {}
  for await (const page of client.list(container, { prefix, ...options })) {
    await deleteObjects(client, { container, names: page.map(({ name }) => name), ...options })
  }
}

/**
 * Deletes an image's object with its segments, the segments first: what fails in between can be repeated.
 * @throws blob_not_found, storage_write_denied, store_unavailable
 * @see glance_store `_drivers/swift/store.py` `delete`
 */
export async function deleteImage(
  client: SwiftClient,
  { place, storeId, signal }: { place: ObjectPlace; storeId: string; signal?: AbortSignal },
): Promise<void> {
  const options = signal ? { signal } : {}
  const headers = await client.headObject(place, options)
  if (headers === undefined) throw new GlimpseError('blob_not_found', { store: storeId })
  const manifest = headers['x-object-manifest']
  const isStatic = String(headers['x-static-large-object'] ?? '').toLowerCase() === 'true'
  if (typeof manifest === 'string') {
    const [container = '', ...rest] = manifest.split('/').map(decodeURIComponent)
    const prefix = rest.join('/')
    // Without a prefix it would stand for all that the container holds.
    if (prefix !== '') await removeAll(client, { container, prefix, ...options })
  }
  const query = isStatic ? '?multipart-manifest=delete' : ''
  if (!(await client.deleteObject(place, { query, ...options }))) {
    throw new GlimpseError('blob_not_found', { store: storeId })
  }
}
