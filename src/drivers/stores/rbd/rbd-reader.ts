import { Readable } from 'node:stream'
import { GlimpseError } from '../../../errors/error.ts'
import type { ByteRange } from '../../../ports/blob-store.ts'
import type { Slot } from './arena.ts'
import { translateCephError } from './errors.ts'
import type { HelperProcess } from './helper-process.ts'
import { depth } from './rbd-writer.ts'

/** What goes downstream at once. */
const pieceBytes = 512 * 1024

export interface RbdReadableOptions {
  readonly storeId: string
  readonly key: string
  readonly handle: number
  readonly sizeBytes: number
  readonly range: ByteRange
  readonly limitMs: number
  readonly signal?: AbortSignal
}

interface Ahead {
  readonly slot: Slot
  readonly length: number
  readonly done: Promise<void>
}

/** Streams a range of an open image, reading some slots ahead, and closes the image. */
export class RbdReadable extends Readable {
  readonly #helper: HelperProcess
  readonly #options: RbdReadableOptions
  readonly #ahead: Ahead[] = []
  readonly #endOffset: number
  /** Where the next read ahead begins. */
  #offset: number
  /** How much of the first slot has gone downstream. */
  #sentBytes = 0
  #totalBytes = 0
  #reading: Promise<void> = Promise.resolve()

  constructor(helper: HelperProcess, options: RbdReadableOptions) {
    super({ highWaterMark: 2 * pieceBytes, ...(options.signal ? { signal: options.signal } : {}) })
    this.#helper = helper
    this.#options = options
    const { offset, length } = options.range
    this.#offset = offset
    this.#endOffset = Math.min(options.sizeBytes, length === undefined ? options.sizeBytes : offset + length)
  }

  override _read(): void {
    this.#reading = this.#next().catch((error: unknown) => {
      this.destroy(translateCephError(error, this.#options) as Error)
    })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    done(error)
    void this.#leave()
  }

  async #next(): Promise<void> {
    this.#readAhead()
    const [first] = this.#ahead
    if (first === undefined) {
      this.#end()
      return
    }
    await first.done
    if (this.destroyed) return
    const length = Math.min(pieceBytes, first.length - this.#sentBytes)
    const piece = this.#helper.arena.read(first.slot, { at: this.#sentBytes, length })
    this.#sentBytes += length
    this.#totalBytes += length
    if (this.#sentBytes === first.length) {
      this.#ahead.shift()
      this.#helper.arena.release(first.slot)
      this.#sentBytes = 0
      this.#readAhead()
    }
    this.push(piece)
  }

  /** Reads end where objects of the image usually do: each asks one of them. */
  #readAhead(): void {
    const { slotBytes } = this.#helper.arena
    while (this.#ahead.length < depth && this.#offset < this.#endOffset) {
      const offset = this.#offset
      const length = Math.min(slotBytes - (offset % slotBytes), this.#endOffset - offset)
      const slot = this.#helper.arena.take()
      const done = this.#fetch(slot, { offset, length })
      // It is looked at when its turn comes.
      done.catch(() => undefined)
      this.#ahead.push({ slot, length, done })
      this.#offset += length
    }
  }

  async #fetch({ memoryOffset }: Slot, { offset, length }: { offset: number; length: number }): Promise<void> {
    const { handle, limitMs } = this.#options
    const transfer = { handle, offset, memoryOffset, length }
    const readBytes = await this.#helper.call('read', transfer, { timeoutMs: limitMs })
    if (readBytes < length) throw this.#truncated(offset - this.#options.range.offset + readBytes)
  }

  #end(): void {
    const { length } = this.#options.range
    if (length !== undefined && this.#totalBytes < length) this.destroy(this.#truncated(this.#totalBytes))
    else this.push(null)
  }

  #truncated(readBytes: number): GlimpseError {
    const { range, sizeBytes, storeId } = this.#options
    const expectedBytes = range.length ?? sizeBytes - range.offset
    return new GlimpseError('blob_truncated', { store: storeId, expectedBytes, readBytes })
  }

  /** Slots are free when nothing is read into them any more. */
  async #leave(): Promise<void> {
    await this.#reading
    const ahead = this.#ahead.splice(0)
    await Promise.allSettled(ahead.map(({ done }) => done))
    for (const { slot } of ahead) this.#helper.arena.release(slot)
    await this.#helper.call('close', { handle: this.#options.handle }).catch(() => undefined)
  }
}
