import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import { type Received, type ReceiveOptions, receive } from './receive.ts'

/**
 * Reads data that a store has to its end, for its size and its digests.
 * @param options `storeId` is named when the data breaks off
 * @throws store_unavailable (retriable), what `checkSize` and the stream throw; the reason of the signal
 */
export async function readThrough(
  body: Readable,
  { storeId, ...options }: Omit<ReceiveOptions, 'writer' | 'sizeBytes'> & { readonly storeId: string },
): Promise<Received> {
  try {
    return await receive(body, { ...options, writer: { write: async () => {} }, sizeBytes: null })
  } catch (cause) {
    options.signal?.throwIfAborted()
    if (!hasCode(cause, 'upload_aborted')) throw cause
    throw new GlimpseError('store_unavailable', { store: storeId, reason: 'the data broke off' }, { cause })
  }
}
