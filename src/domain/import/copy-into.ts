import { type Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GlimpseError } from '../../errors/error.ts'
import type { BlobWriter } from '../../ports/blob-store.ts'

/**
 * Moves a body into a writer, which it neither commits nor aborts. @returns its size in bytes
 * @throws upload_aborted when the body breaks off, upload_size_mismatch, what `checkSize` and the writer throw
 */
export async function copyInto(
  writer: Pick<BlobWriter, 'write'>,
  body: Readable,
  options: { sizeBytes: number | null; checkSize: (receivedBytes: number) => void; signal?: AbortSignal },
): Promise<number> {
  const { sizeBytes, checkSize, signal } = options
  let receivedBytes = 0
  const sink = new Writable({
    highWaterMark: 2 ** 20,
    write(chunk: Buffer, _encoding, done) {
      receivedBytes += chunk.length
      try {
        checkSize(receivedBytes)
      } catch (error) {
        return done(error as Error)
      }
      writer.write(chunk).then(() => done(), done)
    },
  })
  try {
    await pipeline(body, sink, signal ? { signal } : {})
  } catch (error) {
    signal?.throwIfAborted()
    if (error instanceof GlimpseError) throw error
    throw new GlimpseError('upload_aborted', {}, { cause: error })
  }
  if (sizeBytes !== null && receivedBytes !== sizeBytes) {
    throw new GlimpseError('upload_size_mismatch', { expectedBytes: sizeBytes, receivedBytes })
  }
  return receivedBytes
}
