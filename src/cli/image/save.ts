import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Progress, type ProgressOutput } from '../progress.ts'
import type { Image, ImageClient } from './client.ts'
import { type Digest, openDigest } from './digest.ts'
import { resumedDownload } from './resumed-download.ts'

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
  const startBytes = await takeOver(part, filling)
  const progress =
    options.progress && new Progress({ label: 'saving', totalBytes, startBytes, output: options.progress })
  for await (const chunk of resumedDownload(client, image, { ...options, startBytes })) {
    await part.appendFile(chunk)
    digest?.update(chunk)
    progress?.add(chunk.length)
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
