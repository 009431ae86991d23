import type { FileHandle } from 'node:fs/promises'
import { addAbortSignal, Readable } from 'node:stream'
import { GlimpseError } from '../../../errors/error.ts'
import type { ByteRange } from '../../../ports/blob-store.ts'

const pieceBytes = 512 * 1024

/**
 * Streams `range` of an open file and closes it. The stream fails with `blob_truncated` if the file ends before the
 * range does, or before the length it had when it was opened.
 */
export async function readExactly(
  file: FileHandle,
  options: { range?: ByteRange; signal?: AbortSignal; storeId: string },
): Promise<Readable> {
  const offset = options.range?.offset ?? 0
  const lengthBytes = options.range?.length ?? Math.max(0, (await file.stat()).size - offset)
  return new FileReadable(file, { ...options, offset, lengthBytes })
}

class FileReadable extends Readable {
  readonly #file: FileHandle
  readonly #storeId: string
  readonly #startOffset: number
  readonly #endOffset: number
  #offset: number

  constructor(
    file: FileHandle,
    options: { offset: number; lengthBytes: number; signal?: AbortSignal; storeId: string },
  ) {
    super({ highWaterMark: pieceBytes })
    this.#file = file
    this.#storeId = options.storeId
    this.#startOffset = options.offset
    this.#offset = options.offset
    this.#endOffset = options.offset + options.lengthBytes
    // Last: a signal that has fired already destroys the stream, which then closes the file.
    if (options.signal) addAbortSignal(options.signal, this)
  }

  override _read(): void {
    const wanted = Math.min(pieceBytes, this.#endOffset - this.#offset)
    if (wanted === 0) {
      this.push(null)
      return
    }
    // Unpooled: the reader downstream may keep the buffer for long.
    this.#file.read(Buffer.allocUnsafeSlow(wanted), 0, wanted, this.#offset).then(
      ({ bytesRead, buffer }) => {
        this.#offset += bytesRead
        if (bytesRead > 0) this.push(buffer.subarray(0, bytesRead))
        else this.destroy(this.#truncated())
      },
      (error: Error) => this.destroy(error),
    )
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#file.close().then(
      () => done(error),
      (closeError: Error) => done(error ?? closeError),
    )
  }

  #truncated(): GlimpseError {
    return new GlimpseError('blob_truncated', {
      store: this.#storeId,
      expectedBytes: this.#endOffset - this.#startOffset,
      readBytes: this.#offset - this.#startOffset,
    })
  }
}
