import { availableParallelism } from 'node:os'
import { DigestStream } from './digest-stream.ts'
import { DigestThread } from './digest-thread-handle.ts'
import { createRingMemory, RingProducer } from './ring.ts'

export interface DigestPoolOptions {
  /** Most threads ever started; one per core unless told, two at least. */
  readonly threads?: number
  /** Memory of one stream. */
  readonly ringBytes?: number
  readonly niceness?: number
}

/**
 * Threads that hash the streams of all uploads. They start with the first streams and end with the process.
 * A thread that dies fails the streams it served; the next stream gets a new one.
 */
export class DigestPool {
  readonly #threads: DigestThread[] = []
  readonly #maxThreads: number
  readonly #ringBytes: number
  readonly #niceness: number
  /** Rings of finished streams, kept for the next ones. */
  readonly #idleRings: Uint8Array[] = []

  constructor(options: DigestPoolOptions = {}) {
    this.#maxThreads = options.threads ?? Math.max(2, availableParallelism())
    this.#ringBytes = options.ringBytes ?? 1024 * 1024
    this.#niceness = options.niceness ?? 5
  }

  /** Threads that live now. */
  get size(): number {
    return this.#threads.length
  }

  /**
   * Opens a stream whose bytes are hashed with each of `algorithms` (names of node:crypto) and read once more by the
   * caller, through `DigestStream.local`.
   */
  open(algorithms: readonly string[]): DigestStream {
    const readers = algorithms.length + 1
    const bytes = this.#idleRings.pop() ?? new Uint8Array(new SharedArrayBuffer(this.#ringBytes))
    const memory = createRingMemory(bytes, readers)
    const taken = new Set<DigestThread>()
    const digests = algorithms.map((algorithm, reader) => {
      const thread = this.#pick(taken)
      taken.add(thread)
      return { thread, digest: thread.assign({ algorithm, memory, reader }) }
    })
    return new DigestStream(new RingProducer(memory, readers), digests, {
      localReader: readers - 1,
      onReleased: () => {
        if (this.#idleRings.length < 2) this.#idleRings.push(bytes)
      },
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.terminate()))
  }

  /** The thread with the least to do that the stream does not use yet; a new one while cores are left. */
  #pick(taken: ReadonlySet<DigestThread>): DigestThread {
    const candidates = this.#threads.filter((thread) => !taken.has(thread))
    const least = candidates.sort((a, b) => a.load - b.load)[0] ?? this.#threads[0]
    if (
      least !== undefined &&
      ((candidates.length > 0 && least.load === 0) || this.#threads.length >= this.#maxThreads)
    ) {
      return least
    }
    const thread = new DigestThread({
      niceness: this.#niceness,
      onExit: () => {
        const at = this.#threads.indexOf(thread)
        if (at >= 0) this.#threads.splice(at, 1)
      },
    })
    this.#threads.push(thread)
    return thread
  }
}
