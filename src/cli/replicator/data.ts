import type { Image } from '../image/client.ts'
import { openDigest } from '../image/digest.ts'

/**
 * Passes the data of the image on, in pieces of at most `chunkBytes`. The last piece is held back until size and digest are
 * known to be right, so that whoever counts bytes never gets all of wrong ones.
 * @throws if they are not what the image says
 */
export async function* verified(
  chunks: AsyncIterable<Buffer>,
  image: Image,
  { chunkBytes }: { chunkBytes: number },
): AsyncGenerator<Buffer> {
  const digest = openDigest(image)
  let held: Buffer | undefined
  let sizeBytes = 0
  for await (const chunk of chunks) {
    digest?.update(chunk)
    sizeBytes += chunk.length
    for (let at = 0; at < chunk.length; at += chunkBytes) {
      if (held) yield held
      held = chunk.subarray(at, at + chunkBytes)
    }
  }
  if (image.size !== null && sizeBytes !== image.size) {
    throw new Error(`The data ended after ${sizeBytes} of ${image.size} bytes.`)
  }
  digest?.verify()
  if (held) yield held
}
