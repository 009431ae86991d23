import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HttpFailure } from '../http.ts'
import { Progress, type ProgressOutput } from '../progress.ts'
import type { Image, ImageClient } from './client.ts'
import { type Digest, openDigest } from './digest.ts'

/** Attempts in a row that bring no byte before a download is given up. */
const fruitlessAttempts = 5

export interface SaveOptions {
  readonly progress: ProgressOutput | undefined
  readonly signal: AbortSignal
  /** Wait before the first repetition; doubles with each one in a row. */
  readonly retryDelayMs?: number
}

/**
 * Saves the data of the image as `path`, which appears only when all of it is there and its digest is right.
 * A broken connection is resumed; what is there when the command ends early is used by the next one.
 * @returns false if the service gives no digest to check the data by.
 */
export async function saveImage(
  client: ImageClient,
  image: Image,
  options: SaveOptions & { path: string },
): Promise<boolean> {
  const { path } = options
  const partPath = join(dirname(path), `.${basename(path)}.${image.id}.part`)
  const digest = openDigest(image)
  const part = await open(partPath, 'a+')
  try {
    await fill(part, { partPath, client, image, digest, options })
    await part.sync()
  } finally {
    const { size } = await part.stat()
    await part.close()
    if (size === 0 && image.size !== 0) await rm(partPath, { force: true })
  }
  try {
    digest?.verify()
  } catch (error) {
    await rm(partPath, { force: true })
    throw error
  }
  await rename(partPath, path)
  return digest !== undefined
}

interface Filling {
  readonly partPath: string
  readonly client: ImageClient
  readonly image: Image
  readonly digest: Digest | undefined
  readonly options: SaveOptions
}

async function fill(part: FileHandle, filling: Filling): Promise<void> {
  const { client, image, digest, options } = filling
  const totalBytes = image.size ?? undefined
  let doneBytes = await takeOver(part, filling)
  const progress =
    options.progress && new Progress({ label: 'saving', totalBytes, startBytes: doneBytes, output: options.progress })
  for (let fruitless = 0; totalBytes === undefined || doneBytes < totalBytes || doneBytes === 0; ) {
    const before = doneBytes
    try {
      const { body, startBytes } = await client.download(image.id, { offset: doneBytes })
      let skipBytes = doneBytes - startBytes
      for await (const chunk of body as AsyncIterable<Buffer>) {
        const fresh = chunk.subarray(Math.min(skipBytes, chunk.length))
        skipBytes -= chunk.length - fresh.length
        if (fresh.length === 0) continue
        await part.appendFile(fresh)
        digest?.update(fresh)
        progress?.add(fresh.length)
        doneBytes += fresh.length
      }
      if (totalBytes === undefined || doneBytes >= totalBytes) break
      throw new Error(`The service ended after ${doneBytes} of ${totalBytes} bytes.`)
    } catch (error) {
      fruitless = doneBytes > before ? 1 : fruitless + 1
      if (!canRetry(error) || options.signal.aborted || fruitless >= fruitlessAttempts) throw error
      await delay((options.retryDelayMs ?? 500) * 2 ** (fruitless - 1), undefined, { signal: options.signal })
    }
  }
  progress?.finish()
}

/** Takes over what an earlier command left; more than the image has is worth nothing. */
async function takeOver(part: FileHandle, { partPath, image, digest }: Filling): Promise<number> {
  const { size } = await part.stat()
  if (image.size === null || size > image.size) {
    await part.truncate(0)
    return 0
  }
  if (size > 0 && digest) {
    for await (const chunk of createReadStream(partPath, { highWaterMark: 2 ** 20 })) digest.update(chunk as Buffer)
  }
  return size
}

/** What the service refuses it refuses again, but for its being overloaded or away; a full disk stays full. */
function canRetry(error: unknown): boolean {
  if (error instanceof HttpFailure) return error.status >= 500 || error.status === 429
  const { syscall, code } = error as NodeJS.ErrnoException
  return !(syscall === 'write' && (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG' || code === 'EIO'))
}

/** Writes the data of the image to `output` as it comes. It is too late for a wrong digest to stop it, so that is an error at the end. */
export async function streamImage(
  client: ImageClient,
  image: Image,
  options: { output: NodeJS.WritableStream },
): Promise<boolean> {
  const digest = openDigest(image)
  const { body } = await client.download(image.id, { offset: 0 })
  for await (const chunk of body as AsyncIterable<Buffer>) {
    digest?.update(chunk)
    if (!options.output.write(chunk)) await new Promise((resolve) => options.output.once('drain', resolve))
  }
  digest?.verify()
  return digest !== undefined
}
