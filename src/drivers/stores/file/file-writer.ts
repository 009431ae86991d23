import { link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobWriter, WrittenBlob } from '../../../ports/blob-store.ts'
import { writeFully } from '../write-fully.ts'
import { translateFileError } from './errors.ts'
import type { MountMetadata } from './metadata.ts'
import { isSameFile, type TemporaryFile } from './temporary.ts'

export interface FileWriterOptions {
  readonly storeId: string
  readonly key: string
  readonly directory: string
  /** Mode bits of the finished file; 0 leaves them. */
  readonly permissions: number
  /** Size of a piece that becomes a hole when it is all zeros; null: no holes. */
  readonly holeBytes: number | null
  readonly metadata: MountMetadata
  readonly flushes: FlushSlot
}

/** One flush runs at a time in a store: it keeps a thread of Node's pool, and others need those too. */
export interface FlushSlot {
  isTaken: boolean
}

/** Data goes to the disk in steps of this while more comes, so that the commit has little left to wait for. */
const flushBytes = 64 * 1024 * 1024

/** Writes a temporary file and links it to the image's name at commit; the temporary name goes when all is settled. */
export class FileWriter implements BlobWriter {
  readonly #temporary: TemporaryFile
  readonly #options: FileWriterOptions
  readonly #target: string
  readonly #zeros: Uint8Array | undefined
  #sizeBytes = 0
  #unflushedBytes = 0
  #flushing: Promise<void> | undefined
  #flushFailure: unknown
  #state: 'open' | 'committed' | 'ended' = 'open'

  constructor(temporary: TemporaryFile, options: FileWriterOptions) {
    this.#temporary = temporary
    this.#options = options
    this.#target = join(options.directory, options.key)
    this.#zeros = options.holeBytes === null ? undefined : new Uint8Array(options.holeBytes)
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      if (this.#zeros === undefined) await writeFully(this.#temporary.file, chunk, this.#sizeBytes)
      else await this.#writeAroundHoles(chunk, this.#zeros)
      this.#sizeBytes += chunk.length
      this.#unflushedBytes += chunk.length
      if (this.#unflushedBytes >= flushBytes) this.#startFlush()
    } catch (error) {
      throw translateFileError(error, this.#options)
    }
  }

  async commit(): Promise<WrittenBlob> {
    const { file, path } = this.#temporary
    try {
      // Holes at the end are not in the file yet.
      if (this.#zeros !== undefined) await file.truncate(this.#sizeBytes)
      if (this.#options.permissions > 0) await file.chmod(this.#options.permissions)
      await this.#flushing
      // The system tells of a failed write once, to the flush that met it.
      if (this.#flushFailure !== undefined) throw this.#flushFailure
      await file.sync()
      await link(path, this.#target)
      this.#state = 'committed'
      await syncDirectory(this.#options.directory)
    } catch (error) {
      throw translateFileError(error, this.#options)
    }
    return {
      url: `file://${this.#target}`,
      sizeBytes: this.#sizeBytes,
      metadata: this.#options.metadata.for(this.#target),
    }
  }

  async settle(): Promise<void> {
    if (this.#state !== 'committed') return
    this.#state = 'ended'
    await this.#removeTemporary()
  }

  async abort(): Promise<void> {
    if (this.#state === 'ended') return
    const committed = this.#state === 'committed'
    this.#state = 'ended'
    // Another process that took over the work may have put its own data there.
    if (committed && (await isSameFile(this.#temporary.file, this.#target))) await unlinkIfThere(this.#target)
    await this.#removeTemporary()
  }

  #startFlush(): void {
    const { flushes } = this.#options
    if (flushes.isTaken) return
    flushes.isTaken = true
    this.#unflushedBytes = 0
    this.#flushing = this.#temporary.file
      .datasync()
      .catch((error: unknown) => {
        this.#flushFailure ??= error
      })
      .finally(() => {
        flushes.isTaken = false
      })
  }

  /** The name goes before the lock: nobody can meet an unlocked file of a living writer. */
  async #removeTemporary(): Promise<void> {
    try {
      await unlinkIfThere(this.#temporary.path)
    } finally {
      await this.#flushing
      await this.#temporary.file.close()
    }
  }

  async #writeAroundHoles(chunk: Uint8Array, zeros: Uint8Array): Promise<void> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let dataStart = 0
    let at = 0
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + zeros.length)
      if (bytes.compare(zeros, 0, end - at, at, end) === 0) {
        await writeFully(this.#temporary.file, bytes.subarray(dataStart, at), this.#sizeBytes + dataStart)
        dataStart = end
      }
      at = end
    }
    await writeFully(this.#temporary.file, bytes.subarray(dataStart), this.#sizeBytes + dataStart)
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path)
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

export async function unlinkIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
}
