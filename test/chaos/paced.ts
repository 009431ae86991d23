import { createReadStream } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Reads the file from `offset`, no faster than told: killing takes effect while data flows. */
export async function* pacedFile(
  path: string,
  { offset = 0, bytesPerSecond }: { offset?: number; bytesPerSecond: number },
): AsyncGenerator<Buffer, void> {
  const startedAt = performance.now()
  let sentBytes = 0
  for await (const chunk of createReadStream(path, { start: offset, highWaterMark: 2 ** 18 })) {
    yield chunk as Buffer
    sentBytes += (chunk as Buffer).length
    const aheadMs = (sentBytes / bytesPerSecond) * 1000 - (performance.now() - startedAt)
    if (aheadMs > 5) await sleep(aheadMs)
  }
}
