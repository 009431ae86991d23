import type { ImageClient } from '../image/client.ts'
import { formatBytes } from '../progress.ts'
import { allImages } from './run.ts'

/** How large a dump would be: the active images. */
export async function totalSize(source: ImageClient): Promise<string> {
  let bytes = 0
  let count = 0
  for await (const image of allImages(source)) {
    if (image.status !== 'active') continue
    bytes += image.size ?? 0
    count += 1
  }
  return `Total size is ${bytes} bytes (${formatBytes(bytes)}) across ${count} images`
}
