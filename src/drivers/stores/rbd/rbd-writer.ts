import type { BlobWriter, WrittenBlob } from '../../../ports/blob-store.ts'
import type { Slot } from './arena.ts'
import type { Connection } from './connection.ts'
import { translateCephError } from './errors.ts'
import type { HelperProcess } from './helper-process.ts'
import type { Leftovers } from './leftovers.ts'
import { formatLocation } from './location.ts'

/** Pieces of one transfer that are under way or being filled. */
export const depth = 4
/** An image of unknown size grows by at most this at a time. @see glance_store `_drivers/rbd.py` `_resize_on_write` */
const maxGrowthBytes = 8 * 2 ** 30
/** Data is looked at for zeros in steps of this. */
const zeros = new Uint8Array(64 * 1024)

export interface RbdWriterOptions {
  readonly storeId: string
  readonly key: string
  readonly pool: string
  readonly fsid: string
  /** Name of the image until the commit, and of its mark. */
  readonly temporaryName: string
  readonly snapshot: string
  readonly handle: number
  readonly sizeBytes: number
  readonly thin: boolean
  readonly connection: Connection
  readonly leftovers: Leftovers
}

/**
 * Writes an image under a temporary name and gives it its own at commit, snapshot and all. As long as the image is open,
 * the cluster tells others that its writer lives; a mark in the pool names it between commit and settle.
 */
export class RbdWriter implements BlobWriter {
  readonly #helper: HelperProcess
  readonly #options: RbdWriterOptions
  readonly #running = new Set<Promise<void>>()
  /** The slot being filled, where it lies in the image, and how far it is filled. */
  #slot: Slot | undefined
  #slotOffset = 0
  #filledBytes = 0
  /** What of the slot is data: with thin provisioning, zeros at its begin and end stay unwritten. */
  #dataStart: number | undefined
  #dataEnd = 0
  #imageBytes: number
  #growthBytes: number
  #failure: unknown
  #handle: number | null
  #imageId: string | null = null
  #state: 'open' | 'committed' | 'ended' = 'open'

  constructor(helper: HelperProcess, options: RbdWriterOptions) {
    this.#helper = helper
    this.#options = options
    this.#handle = options.handle
    this.#imageBytes = options.sizeBytes
    this.#growthBytes = helper.arena.slotBytes
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < chunk.length; ) {
        const room = this.#helper.arena.slotBytes - this.#filledBytes
        const part = chunk.subarray(at, at + room)
        await this.#fill(part)
        at += part.length
        if (part.length === room) await this.#flush()
      }
    } catch (error) {
      throw this.#translate(error)
    }
  }

  async commit(): Promise<WrittenBlob> {
    const { key, pool, fsid, temporaryName: mark, handle, snapshot } = this.#options
    try {
      await this.#flush()
      await Promise.all(this.#running)
      if (this.#failure !== undefined) throw this.#failure
      const sizeBytes = this.#slotOffset
      this.#imageId = await this.#helper.call('commit', { handle, sizeBytes, to: key, snapshot, mark })
      this.#state = 'committed'
      return { url: formatLocation({ fsid, pool, image: key, snapshot }), sizeBytes, metadata: {} }
    } catch (error) {
      throw this.#translate(error)
    }
  }

  /** The blob is recorded: a mark that cannot be removed now tells the next finder just that. */
  async settle(): Promise<void> {
    if (this.#state !== 'committed') return
    this.#state = 'ended'
    const { handle, temporaryName: mark } = this.#options
    await this.#helper.call('settle', { handle, mark }).catch(() => undefined)
  }

  async abort(): Promise<void> {
    if (this.#state === 'ended') return
    await Promise.all(this.#running)
    this.#releaseSlot()
    const { pool, key, temporaryName: mark, snapshot, connection, leftovers } = this.#options
    const name = this.#state === 'committed' ? key : mark
    const discard = async () => {
      const helper = this.#helper.isEnded ? await connection.helper() : this.#helper
      // Whatever comes of it, the image is closed then.
      const handle = this.#helper.isEnded ? null : this.#handle
      this.#handle = null
      await helper.call('discard', { pool, name, imageId: this.#imageId, snapshot, mark, handle })
      this.#state = 'ended'
    }
    try {
      await discard()
    } catch (error) {
      leftovers.add(discard)
      throw this.#translate(error)
    }
  }

  /** Copies a part that fits into the slot. */
  async #fill(part: Uint8Array): Promise<void> {
    const isHole = this.#options.thin && isZero(part)
    const at = this.#filledBytes
    this.#filledBytes += part.length
    if (isHole && this.#dataStart === undefined) return
    this.#slot ??= await this.#takeSlot()
    this.#helper.arena.write(this.#slot, { bytes: part, at })
    this.#dataStart ??= at
    if (!isHole) this.#dataEnd = at + part.length
  }

  async #takeSlot(): Promise<Slot> {
    while (this.#running.size >= depth - 1) await Promise.race(this.#running)
    if (this.#failure !== undefined) throw this.#failure
    return this.#helper.arena.take()
  }

  /** Starts writing the data of the slot and begins the next one. */
  async #flush(): Promise<void> {
    const slot = this.#slot
    const start = this.#dataStart ?? 0
    const offset = this.#slotOffset + start
    const length = this.#dataEnd - start
    this.#slotOffset += this.#filledBytes
    this.#filledBytes = 0
    this.#dataStart = undefined
    this.#dataEnd = 0
    if (slot === undefined) return
    await this.#grow(offset + length)
    this.#slot = undefined
    const running = this.#send(slot, { offset, start, length }).then(() => void this.#running.delete(running))
    this.#running.add(running)
  }

  /** Never rejects: what fails is kept for the next call. */
  async #send(slot: Slot, { offset, start, length }: { offset: number; start: number; length: number }) {
    const memoryOffset = slot.memoryOffset + start
    const { handle, connection } = this.#options
    const transfer = { handle, offset, memoryOffset, length }
    try {
      await this.#helper.call('write', transfer, { timeoutMs: connection.limitMs })
    } catch (error) {
      this.#failure ??= error
    }
    this.#helper.arena.release(slot)
  }

  /** Makes room up to `endOffset`, more each time, so that an image of unknown size does not resize for every piece. */
  async #grow(endOffset: number): Promise<void> {
    if (endOffset <= this.#imageBytes) return
    while (this.#imageBytes < endOffset) {
      this.#growthBytes = Math.min(this.#growthBytes * 2, maxGrowthBytes)
      this.#imageBytes += this.#growthBytes
    }
    const { handle, connection } = this.#options
    const timeoutMs = connection.limitMs
    await this.#helper.call('resize', { handle, sizeBytes: this.#imageBytes }, { timeoutMs })
  }

  #releaseSlot(): void {
    if (this.#slot !== undefined) this.#helper.arena.release(this.#slot)
    this.#slot = undefined
  }

  #translate(error: unknown): unknown {
    return translateCephError(error, this.#options)
  }
}

function isZero(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const piece = bytes.subarray(at, at + zeros.length)
    if (Buffer.compare(piece, zeros.subarray(0, piece.length)) !== 0) return false
  }
  return true
}
