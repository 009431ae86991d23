import { readSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { CephError } from './helper/protocol.ts'

/** Free slots that keep their memory for the next transfers. */
const warmSlots = 8

/** Room for one piece of data on its way: a stretch of the memory that is shared with the helper. */
export interface Slot {
  readonly memoryOffset: number
}

interface Stretch {
  readonly memoryOffset: number
  readonly length: number
}

/**
 * This side of the shared memory. It is read and written as a file, at once: half a mebibyte takes about 0.2 ms, and the way
 * through a thread costs as much again, more on a busy machine.
 */
export class Arena {
  readonly slotBytes: number
  readonly #file: FileHandle
  readonly #giveBack: (stretch: Stretch) => Promise<void>
  readonly #free: Slot[] = []
  #endOffset = 0
  #isClosed = false

  private constructor(file: FileHandle, options: { slotBytes: number; giveBack: (it: Stretch) => Promise<void> }) {
    this.#file = file
    this.slotBytes = options.slotBytes
    this.#giveBack = options.giveBack
  }

  /** Opens the memory of another process; `giveBack` frees what a slot has used. */
  static async open(
    memory: { pid: number; fd: number },
    options: { slotBytes: number; giveBack: (stretch: Stretch) => Promise<void> },
  ): Promise<Arena> {
    return new Arena(await open(`/proc/${memory.pid}/fd/${memory.fd}`, 'r+'), options)
  }

  take(): Slot {
    const slot = this.#free.pop()
    if (slot !== undefined) return slot
    const memoryOffset = this.#endOffset
    this.#endOffset += this.slotBytes
    return { memoryOffset }
  }

  /** The slot may be taken again, by whomever. */
  release(slot: Slot): void {
    if (this.#free.length < warmSlots) {
      this.#free.push(slot)
      return
    }
    const taken = () => void this.#free.unshift(slot)
    this.#giveBack({ ...slot, length: this.slotBytes }).then(taken, taken)
  }

  /** Copies `bytes` to `at` in the slot. @throws CephError when the helper has ended */
  write(slot: Slot, { bytes, at }: { bytes: Uint8Array; at: number }): void {
    this.#requireOpen()
    writeSync(this.#file.fd, bytes, 0, bytes.length, slot.memoryOffset + at)
  }

  /** Copies `length` bytes from `at` in the slot. @throws CephError when the helper has ended */
  read(slot: Slot, { at, length }: { at: number; length: number }): Buffer {
    this.#requireOpen()
    // Unpooled: the reader downstream may keep the buffer for long.
    const bytes = Buffer.allocUnsafeSlow(length)
    readSync(this.#file.fd, bytes, 0, length, slot.memoryOffset + at)
    return bytes
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#file.close()
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new CephError('the helper process has ended', 0)
  }
}
