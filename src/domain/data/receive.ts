import type { Readable } from 'node:stream'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GlimpseError } from '../../errors/error.ts'
import type { BlobWriter } from '../../ports/blob-store.ts'
import type { DigestPool } from './digest-pool.ts'
import type { DigestStream } from './digest-stream.ts'

/** Writes to the store end on multiples of this while data flows; it divides the size of the ring. */
const writeBytes = 256 * 1024
const maxWriteBytes = 512 * 1024

/** A body whose source can also be emptied at once, without a buffer for each piece. */
export interface UploadBody extends Readable {
  /**
   * Moves bytes that follow the last chunk straight into `target`; returns how many, 0 if none are there now or if
   * chunks wait to be read first.
   */
  pull?(target: Uint8Array): number
  /** There is no room just now: chunks had better wait at the source, until the next `pull`. */
  hold?(): void
}

export interface ReceiveOptions {
  readonly writer: Pick<BlobWriter, 'write'>
  readonly digests: DigestPool
  /** Names of node:crypto. */
  readonly algorithms: readonly string[]
  /** Exact size that was announced; null: unknown. */
  readonly sizeBytes: number | null
  /** Called with the number of bytes so far, including the next chunk; throws to refuse them. */
  readonly checkSize: (receivedBytes: number) => void
  /** Sees every chunk on its way. */
  readonly inspect?: (chunk: Uint8Array) => void
  readonly signal?: AbortSignal
}

export interface Received {
  readonly sizeBytes: number
  /** Digests in hexadecimal, in the order of `algorithms`. */
  readonly digests: readonly string[]
}

/**
 * Moves a body into the store in one pass: size, digests and inspection on the way, memory bounded by one ring.
 * Neither commits nor aborts the writer.
 * @throws upload_aborted when the body breaks off, upload_size_mismatch, what `checkSize` and the writer throw
 */
export async function receive(body: UploadBody, options: ReceiveOptions): Promise<Received> {
  const stream = options.digests.open(options.algorithms)
  const sink = new ReceiveSink(stream, body, options)
  try {
    await pipeline(body, sink, options.signal ? { signal: options.signal } : {})
    const { sizeBytes } = options
    const { receivedBytes } = sink
    if (sizeBytes !== null && receivedBytes !== sizeBytes) {
      throw new GlimpseError('upload_size_mismatch', { expectedBytes: sizeBytes, receivedBytes })
    }
    return { sizeBytes: receivedBytes, digests: await stream.finish() }
  } catch (error) {
    await sink.stopped()
    await stream.cancel()
    if (error instanceof GlimpseError) throw error
    throw isBrokenBody(error) ? new GlimpseError('upload_aborted', {}, { cause: error }) : error
  }
}

/** Fills the ring from the body, and hands what lies in the ring to the store, one write at a time. */
class ReceiveSink extends Writable {
  receivedBytes = 0
  readonly #stream: DigestStream
  readonly #body: UploadBody
  readonly #options: ReceiveOptions
  #writtenBytes = 0
  #writing: Promise<void> | undefined

  constructor(stream: DigestStream, body: UploadBody, options: ReceiveOptions) {
    super({ highWaterMark: 1 })
    this.#stream = stream
    this.#body = body
    this.#options = options
  }

  /** Resolves when the writer is not used any more. */
  async stopped(): Promise<void> {
    await this.#writing
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    try {
      this.#see(chunk)
      const rest = chunk.subarray(this.#stream.append(chunk))
      const isFull = rest.length > 0 || this.#pull(chunk.length) === 'full'
      this.#pump({ all: false })
      if (isFull) this.#waitAndFill(rest, chunk.length).then(() => done(), done)
      else done()
    } catch (error) {
      done(error as Error)
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#drain().then(() => done(), done)
  }

  /** Goes on with `rest`, and with what can be pulled, whenever the ring has room again. */
  async #waitAndFill(chunk: Uint8Array, chunkBytes: number): Promise<void> {
    let rest = chunk
    let filled: 'full' | 'empty' = 'full'
    while (filled === 'full' && !this.destroyed) {
      this.#body.hold?.()
      this.#pump({ all: true })
      await this.#stream.room(this.#writing)
      rest = rest.subarray(this.#stream.append(rest))
      if (rest.length === 0) filled = this.#pull(chunkBytes)
    }
  }

  /** Fills the ring from the body itself, unless a chunk waits behind the current one of `chunkBytes`. */
  #pull(chunkBytes: number): 'full' | 'empty' {
    if (this.#body.pull === undefined) return 'empty'
    while (this.writableLength <= chunkBytes) {
      const space = this.#stream.space()
      if (space.length === 0) return 'full'
      const count = this.#body.pull(space)
      if (count <= 0) return 'empty'
      this.#see(space.subarray(0, count))
      this.#stream.grow(count)
    }
    return 'empty'
  }

  #see(bytes: Uint8Array): void {
    this.receivedBytes += bytes.length
    this.#options.checkSize(this.receivedBytes)
    this.#options.inspect?.(bytes)
  }

  async #drain(): Promise<void> {
    do {
      this.#pump({ all: true })
      await this.#writing
    } while (this.#writing !== undefined)
  }

  /** Starts the next write unless one runs. Unless `all` is to go, writes end on multiples of `writeBytes`. */
  #pump({ all }: { all: boolean }): void {
    if (this.#writing !== undefined || this.destroyed) return
    const ready = this.#stream.local.peek(maxWriteBytes)
    const readyEnd = this.#writtenBytes + ready.length
    const count = all ? ready.length : ready.length - (readyEnd % writeBytes)
    if (count <= 0) return
    this.#writing = this.#options.writer.write(ready.subarray(0, count)).then(
      () => {
        this.#writing = undefined
        this.#writtenBytes += count
        this.#stream.local.consume(count)
        this.#pump({ all: this.writableEnded })
      },
      (error: Error) => {
        this.#writing = undefined
        this.destroy(error)
      },
    )
  }
}

function isBrokenBody(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code
  return code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET' || code === 'ABORT_ERR' || code === 'EPIPE'
}
