import type { DigestThread } from './digest-thread-handle.ts'
import { type RingProducer, RingReader } from './ring.ts'

/** Threads are woken once per this many bytes, or when the stream ends or cannot grow. */
const bellBytes = 256 * 1024

interface Digest {
  readonly thread: DigestThread
  readonly digest: Promise<string | null>
}

/** One stream of bytes that threads of the pool hash while the event loop reads it too, to store it. */
export class DigestStream {
  /** The event loop's own view of the bytes that were appended. */
  readonly local: RingReader
  readonly #ring: RingProducer
  readonly #digests: readonly Digest[]
  readonly #localReader: number
  readonly #onReleased: () => void
  #unrungBytes = 0
  #failure: unknown

  constructor(
    ring: RingProducer,
    digests: readonly Digest[],
    options: { localReader: number; onReleased: () => void },
  ) {
    this.#ring = ring
    this.#digests = digests
    this.#localReader = options.localReader
    this.#onReleased = options.onReleased
    this.local = new RingReader(ring.memory, options.localReader)
    for (const { digest } of digests) {
      digest.catch((error: unknown) => {
        this.#failure ??= error
        ring.wake()
      })
    }
  }

  /** Where the next bytes go, in one stretch; empty while the ring is full. @throws what made a hashing thread fail */
  space(): Uint8Array {
    if (this.#failure !== undefined) throw this.#failure
    const free = this.#ring.free()
    if (free.length === 0 && this.#unrungBytes > 0) this.#ringBells()
    return free
  }

  /** Passes on the first `count` bytes of `space()`. */
  grow(count: number): void {
    this.#ring.publish(count)
    this.#unrungBytes += count
    if (this.#unrungBytes >= bellBytes) this.#ringBells()
  }

  /** Copies what fits now; returns how many bytes of `chunk` it took. @throws what made a hashing thread fail */
  append(chunk: Uint8Array): number {
    let taken = 0
    while (taken < chunk.length) {
      const space = this.space()
      if (space.length === 0) break
      const piece = chunk.subarray(taken, taken + space.length)
      space.set(piece)
      this.grow(piece.length)
      taken += piece.length
    }
    return taken
  }

  /**
   * Resolves when a full ring may have room again. When it is the local reader that lags, `localMoved` is what to await.
   * @throws what made a hashing thread fail
   */
  async room(localMoved: Promise<unknown> | undefined): Promise<void> {
    const { reader } = this.#ring.slowest()
    if (reader === this.#localReader) await localMoved
    else await this.#ring.moved(reader)
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Ends the stream. Resolves with the digests in hexadecimal, in the order asked for. */
  async finish(): Promise<string[]> {
    this.#ring.end('complete')
    this.#ringBells()
    const digests = await Promise.all(this.#digests.map(({ digest }) => digest))
    this.#onReleased()
    return digests.map((digest) => digest ?? '')
  }

  /** Gives the stream up. Its memory is used again only when no thread reads it any more. */
  async cancel(): Promise<void> {
    this.#ring.end('cancelled')
    this.#ringBells()
    const ends = await Promise.allSettled(this.#digests.map(({ digest }) => digest))
    if (ends.every((end) => end.status === 'fulfilled')) this.#onReleased()
  }

  #ringBells(): void {
    this.#unrungBytes = 0
    for (const { thread } of this.#digests) thread.ring()
  }
}
