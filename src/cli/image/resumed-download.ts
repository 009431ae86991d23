import { setTimeout as delay } from 'node:timers/promises'
import { HttpFailure } from '../http.ts'
import type { Image, ImageClient } from './client.ts'

/** Attempts in a row that bring no byte before a download is given up. */
const fruitlessAttempts = 5

export interface ResumeOptions {
  readonly signal: AbortSignal
  /** Where to begin; 0 unless told. */
  readonly startBytes?: number
  /** Wait before the first repetition; doubles with each one in a row. */
  readonly retryDelayMs?: number
}

/** The data of the image from `startBytes` on. Where the connection breaks, it goes on with a new one from there. */
export async function* resumedDownload(
  client: ImageClient,
  image: Image,
  { signal, startBytes: firstBytes = 0, retryDelayMs = 500 }: ResumeOptions,
): AsyncGenerator<Buffer, void> {
  const totalBytes = image.size ?? undefined
  let doneBytes = firstBytes
  for (let fruitless = 0; totalBytes === undefined || doneBytes < totalBytes || doneBytes === 0; ) {
    const before = doneBytes
    try {
      const { body, startBytes } = await client.download(image.id, { offset: doneBytes })
      let skipBytes = doneBytes - startBytes
      for await (const chunk of body as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(Math.min(skipBytes, chunk.length))
        skipBytes -= chunk.length - fresh.length
        if (fresh.length === 0) continue
        doneBytes += fresh.length
        yield fresh
      }
      if (totalBytes === undefined || doneBytes >= totalBytes) return
      throw new Error(`The service ended after ${doneBytes} of ${totalBytes} bytes.`)
    } catch (error) {
      fruitless = doneBytes > before ? 1 : fruitless + 1
      if (!canRetry(error) || signal.aborted || fruitless >= fruitlessAttempts) throw error
      await delay(retryDelayMs * 2 ** (fruitless - 1), undefined, { signal })
    }
  }
}

/** What the service refuses it refuses again, but for its being overloaded or away. */
function canRetry(error: unknown): boolean {
  return !(error instanceof HttpFailure) || error.status >= 500 || error.status === 429
}
