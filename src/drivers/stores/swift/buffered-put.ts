import { randomBytes } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { GlimpseError } from '../../../errors/error.ts'
import { writeFully } from '../write-fully.ts'
import type { SwiftClient } from './client.ts'
import { type PutOptions, type RunningPut, requireStored } from './put.ts'

const attempts = 4
const firstDelayMs = 200

/**
 * Starts to send an object by way of a file in `directory`, so that it can be sent again when the connection breaks. The
 * file has no name from the start: nothing stays behind, however the process ends.
 * @see glance_store `_drivers/swift/buffered.py`
 */
export function startBufferedPut(client: SwiftClient, options: PutOptions & { directory: string }): RunningPut {
  const { budget, storeId, signal, onFailure, directory } = options
  const file = openNameless(directory)
  const complete = Promise.withResolvers<void>()
  let sizeBytes = 0
  let writing: Promise<unknown> = file
  const send = async (): Promise<void> => {
    try {
      await complete.promise
      await writing
      signal.throwIfAborted()
      await sendFile(client, { ...options, file: await file, sizeBytes })
    } catch (error) {
      const reason = 'a segment cannot be kept in swift_upload_buffer_dir'
      const isOurs = error instanceof GlimpseError || signal.aborted
      onFailure(isOurs ? error : new GlimpseError('store_unavailable', { store: storeId, reason }, { cause: error }))
    } finally {
      await file.then((it) => it.close()).catch(() => undefined)
      budget.wake()
    }
  }
  const body = {
    append(chunk: Buffer): void {
      budget.take(chunk.length)
      const position = sizeBytes
      sizeBytes += chunk.length
      writing = writing
        .then(async () => writeFully(await file, chunk, position))
        .finally(() => budget.give(chunk.length))
      // Who waits for the end of the file meets the failure.
      writing.catch(() => complete.resolve())
    },
    end: () => complete.resolve(),
    destroy: () => complete.resolve(),
  }
  return { body, ended: send() }
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `glimpse-${randomBytes(8).toString('hex')}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}

async function sendFile(
  client: SwiftClient,
  options: PutOptions & { file: FileHandle; sizeBytes: number },
): Promise<void> {
  const { place, storeId, headers, signal, file, sizeBytes } = options
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Finds and replaces a token that has ended: a stream can be sent only once.
      await client.hasContainer(place.container, { signal })
      const { status } = await client.putObject(place, {
        body: file.createReadStream({ start: 0, autoClose: false, highWaterMark: 256 * 1024 }),
        headers: { ...headers, 'content-length': String(sizeBytes) },
        signal,
      })
      return requireStored(status, { place, storeId })
    } catch (error) {
      const isPassing = error instanceof GlimpseError && error.code === 'store_unavailable'
      if (attempt === attempts || !isPassing) throw error
      await sleep(firstDelayMs * 2 ** attempt, undefined, { signal })
    }
  }
}
