import type { DataEnd, Found, Probe, Wanted } from './probe.ts'
import { tailBytes } from './probe.ts'

const firstBufferBytes = 4096

/** Feeds a probe from data that passes by, and keeps only what the probe asked for. */
export class Capture {
  readonly #probe: Probe
  /** Where the stretch begins that the probe waits for; undefined when it waits for the end, or for nothing more. */
  #start: bigint | undefined
  #length = 0
  #buffer = Buffer.alloc(0)
  #filled = 0
  /** Nothing before this can be asked for any more. */
  #readUpTo = 0n
  #found: Found | null = null
  #isDone = false

  constructor(probe: Probe) {
    this.#probe = probe
    this.#follow(probe.next())
  }

  /** Where the next byte lies that is of use; infinite if none does but the end. */
  get nextAt(): number {
    return this.#start === undefined ? Number.POSITIVE_INFINITY : Number(this.#start) + this.#filled
  }

  /** Takes what it needs of a chunk that starts at `position`. */
  eat(chunk: Uint8Array, position: number): void {
    while (this.nextAt < position + chunk.length) {
      const from = this.nextAt - position
      this.#keep(chunk.subarray(from, from + this.#length - this.#filled))
      if (this.#filled === this.#length) this.#give()
    }
  }

  /** The data is over. */
  finish(end: DataEnd): Found | null {
    while (this.#start !== undefined) this.#give()
    if (!this.#isDone) this.#follow(this.#probe.next(end))
    return this.#found
  }

  #keep(piece: Uint8Array): void {
    const needed = this.#filled + piece.length
    if (needed > this.#buffer.length) {
      // A length that data claims is believed only as far as there is data.
      const larger = Buffer.alloc(Math.min(this.#length, Math.max(needed, this.#buffer.length * 4, firstBufferBytes)))
      this.#buffer.copy(larger, 0, 0, this.#filled)
      this.#buffer = larger
    }
    this.#buffer.set(piece, this.#filled)
    this.#filled = needed
  }

  #give(): void {
    const bytes = this.#buffer.subarray(0, this.#filled)
    this.#readUpTo = (this.#start ?? 0n) + BigInt(this.#filled)
    this.#buffer = Buffer.alloc(0)
    this.#filled = 0
    this.#start = undefined
    this.#follow(this.#probe.next(bytes))
  }

  #follow(result: IteratorResult<Wanted, Found | null>): void {
    let step = result
    while (!step.done && step.value !== 'end') {
      const { at, length } = step.value
      if (at >= this.#readUpTo && length > 0) {
        this.#start = at
        this.#length = length
        return
      }
      step = this.#probe.next(Buffer.alloc(0))
    }
    if (!step.done) return
    this.#isDone = true
    this.#found = step.value
  }
}

/** The last bytes of what passed by. */
export class Tail {
  readonly #bytes = Buffer.alloc(tailBytes)
  #filled = 0

  eat(chunk: Uint8Array): void {
    const fresh = chunk.subarray(Math.max(0, chunk.length - tailBytes))
    const kept = Math.min(this.#filled, tailBytes - fresh.length)
    this.#bytes.copyWithin(0, this.#filled - kept, this.#filled)
    this.#bytes.set(fresh, kept)
    this.#filled = kept + fresh.length
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#filled)
  }
}
