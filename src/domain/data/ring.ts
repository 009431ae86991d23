/**
 * A ring of bytes in shared memory with one producer and several readers that follow it at their own pace.
 * Positions count bytes modulo 2^32 in an `Int32Array`, so that threads can wait on them with `Atomics`.
 */
export interface RingMemory {
  readonly bytes: Uint8Array
  readonly words: Int32Array
}

const headWord = 0
const endWord = 1
/** Readers' positions stand a cache line apart: their threads would slow each other down otherwise. */
const tailWord = (reader: number) => 16 * (reader + 1)

/** Why no more bytes will come. */
export const ringEnd = { open: 0, complete: 1, cancelled: 2 } as const

export function createRingMemory(bytes: Uint8Array, readers: number): RingMemory {
  return { bytes, words: new Int32Array(new SharedArrayBuffer(tailWord(readers) * Int32Array.BYTES_PER_ELEMENT)) }
}

/** The producer's side. */
export class RingProducer {
  readonly memory: RingMemory
  readonly #readers: number

  constructor(memory: RingMemory, readers: number) {
    this.memory = memory
    this.#readers = readers
  }

  /** The largest free piece that lies in one stretch; empty when the ring is full. */
  free(): Uint8Array {
    const { bytes, words } = this.memory
    const head = Atomics.load(words, headWord)
    const room = bytes.length - this.#lag(head).bytes
    const start = (head >>> 0) % bytes.length
    return bytes.subarray(start, start + Math.min(room, bytes.length - start))
  }

  /** Hands the first `count` bytes of `free()` to the readers. */
  publish(count: number): void {
    const { words } = this.memory
    Atomics.store(words, headWord, (Atomics.load(words, headWord) + count) | 0)
  }

  /** Tells readers that nothing follows. */
  end(how: 'complete' | 'cancelled'): void {
    Atomics.store(this.memory.words, endWord, ringEnd[how])
  }

  /** The reader that is furthest behind, and by how much. */
  slowest(): { reader: number; bytes: number } {
    return this.#lag(Atomics.load(this.memory.words, headWord))
  }

  /** Resolves when `reader` has moved on from where it is, without holding a thread. */
  async moved(reader: number): Promise<void> {
    const { words } = this.memory
    const word = tailWord(reader)
    const at = Atomics.load(words, word)
    if (((Atomics.load(words, headWord) - at) | 0) < this.memory.bytes.length) return
    await Atomics.waitAsync(words, word, at).value
  }

  /** Frees whoever awaits `moved`. */
  wake(): void {
    for (let reader = 0; reader < this.#readers; reader++) Atomics.notify(this.memory.words, tailWord(reader))
  }

  #lag(head: number): { reader: number; bytes: number } {
    let slowest = { reader: 0, bytes: 0 }
    for (let reader = 0; reader < this.#readers; reader++) {
      const bytes = (head - Atomics.load(this.memory.words, tailWord(reader))) | 0
      if (bytes > slowest.bytes) slowest = { reader, bytes }
    }
    return slowest
  }
}

/** One reader's side; lives in the thread that reads. */
export class RingReader {
  readonly #memory: RingMemory
  readonly #word: number

  constructor(memory: RingMemory, reader: number) {
    this.#memory = memory
    this.#word = tailWord(reader)
  }

  /** The unread bytes in one stretch, at most `limit`; empty when there are none yet. Valid until `consume`. */
  peek(limit: number): Uint8Array {
    const { bytes, words } = this.#memory
    const tail = Atomics.load(words, this.#word)
    const ready = (Atomics.load(words, headWord) - tail) | 0
    const start = (tail >>> 0) % bytes.length
    return bytes.subarray(start, start + Math.min(ready, limit, bytes.length - start))
  }

  /** Gives the first `count` bytes of `peek()` back to the producer. */
  consume(count: number): void {
    const { words } = this.#memory
    Atomics.store(words, this.#word, (Atomics.load(words, this.#word) + count) | 0)
    Atomics.notify(words, this.#word)
  }

  /** One of `ringEnd`. Read it before `peek`: `complete` and an empty peek mean that all was read. */
  ended(): number {
    return Atomics.load(this.#memory.words, endWord)
  }
}
