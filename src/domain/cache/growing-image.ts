import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { FillFile } from '../../ports/cache.ts'
import type { Logger } from '../../ports/logger.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { receive } from '../data/receive.ts'

/** How the data of an image is known to be right: a digest in hexadecimal, or nothing but its size. */
export interface ExpectedData {
  readonly sizeBytes: number
  /** `algorithm` is a name of node:crypto. */
  readonly digest: { readonly algorithm: string; readonly value: string } | null
}

export interface GrowingOptions {
  readonly expected: ExpectedData
  readonly digests: DigestPool
  /** Opens the data at its store, from `offset` to its end. */
  readonly openRest: (offset: number, options: { signal: AbortSignal }) => Promise<Readable>
  /** Another process has completed the entry before this one came to begin. */
  readonly isSuperseded: () => Promise<boolean>
  /** The entry is complete and verified. */
  readonly onComplete: () => Promise<void>
  /** Nobody reads it any more, and nothing is done to it. */
  readonly onEnd: () => void
  readonly log: Logger
}

/** How often a process looks at what another one has filled. */
const pollMs = 20
const pieceBytes = 512 * 1024

/**
 * An entry on its way into the cache, for the readers of one process. One process of the node fills it, and the others
 * look at how far it has come; when the one that fills it dies or loses its last reader, another goes on where it stopped.
 */
export class GrowingImage {
  readonly #file: FillFile
  readonly #options: GrowingOptions
  readonly #stopping = new AbortController()
  readonly #waiting = new Set<() => void>()
  readonly #work: Promise<void>
  #readers = 0
  #readyBytes = 0
  #failure: unknown
  #isOver = false
  #closing: Promise<void> | undefined

  constructor(file: FillFile, options: GrowingOptions) {
    this.#file = file
    this.#options = options
    this.#work = this.#run().then(
      () => this.#end(undefined),
      async (error: unknown) => {
        this.#end(error)
        await this.#file.release()
      },
    )
  }

  get fd(): number {
    return this.#file.fd
  }

  /** Bytes from the start that can be read now. */
  get readyBytes(): number {
    return this.#readyBytes
  }

  /** Keeps it going, and its file open, until `leave`. @returns false if it has just ended */
  join(): boolean {
    if (this.#isOver || this.#closing) return false
    this.#readers += 1
    return true
  }

  /** The last one who leaves stops it, unless all data is there; else what is there stays for the next. */
  leave(): void {
    this.#readers -= 1
    if (this.#readers > 0) return
    if (this.#readyBytes < this.#options.expected.sizeBytes) this.#stopping.abort()
    this.#closing ??= this.#close()
  }

  /** Stops it, whoever reads. Resolves when nothing is done to it any more. */
  stop(): Promise<void> {
    this.#stopping.abort()
    this.#closing ??= this.#close()
    return this.#closing
  }

  /**
   * Resolves with how far the data can be read, once that is beyond `offset`.
   * @throws what has ended it before, the signal's reason
   */
  async ready(offset: number, { signal }: { signal?: AbortSignal } = {}): Promise<number> {
    while (this.#readyBytes <= offset) {
      signal?.throwIfAborted()
      if (this.#isOver) throw this.#failure ?? new GlimpseError('cache_fill_ended', {})
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake)
          signal?.removeEventListener('abort', wake)
          resolve()
        }
        this.#waiting.add(wake)
        signal?.addEventListener('abort', wake)
      })
    }
    return this.#readyBytes
  }

  /** Resolves when it is complete. @throws what has ended it before */
  async completed(): Promise<void> {
    await this.#work
    if (this.#failure !== undefined) throw this.#failure
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      signal.throwIfAborted()
      const state = await this.#file.claim()
      if (state === 'owned') return this.#fill()
      if (state === 'gone') throw new GlimpseError('cache_fill_ended', {})
      this.#advance(Math.min(await this.#file.sizeBytes(), this.#options.expected.sizeBytes))
      if (state === 'complete') return
      await sleep(pollMs, undefined, { signal })
    }
  }

  async #fill(): Promise<void> {
    const { expected, digests, onComplete, isSuperseded, log } = this.#options
    if (await isSuperseded()) {
      await this.#file.discard()
      throw new GlimpseError('cache_fill_ended', {})
    }
    const found = await this.#keepPart()
    if (found > 0) log.info({ bytes: found }, 'a broken fill of the cache goes on where it stopped')
    this.#advance(found)
    let position = 0
    const write = async (chunk: Uint8Array) => {
      const known = Math.min(Math.max(found - position, 0), chunk.length)
      if (known < chunk.length) await this.#file.write(chunk.subarray(known), position + known)
      position += chunk.length
      this.#advance(position)
    }
    const { digest, sizeBytes } = expected
    const { signal } = this.#stopping
    const received = await receive(Readable.from(this.#data(found), { objectMode: false }), {
      writer: { write },
      digests,
      algorithms: digest === null ? [] : [digest.algorithm],
      sizeBytes,
      checkSize: () => {},
      signal,
    }).catch(async (error: unknown) => {
      if (isOfTheFolder(error)) await this.#file.discard()
      throw error
    })
    if (digest !== null && received.digests[0] !== digest.value) {
      await this.#file.reject()
      throw new GlimpseError('cache_data_wrong', { algorithm: digest.algorithm })
    }
    if (!(await this.#file.complete())) throw new GlimpseError('cache_fill_ended', {})
    await onComplete()
  }

  /** @returns how much of the data is there from an earlier fill */
  async #keepPart(): Promise<number> {
    const found = await this.#file.sizeBytes()
    if (found <= this.#options.expected.sizeBytes) return found
    await this.#file.truncate()
    return 0
  }

  /** What is there already is read again for the digest. */
  async *#data(found: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let offset = 0; offset < found; ) {
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, found - offset))
      const count = await this.#file.read(piece, offset)
      if (count === 0) throw new GlimpseError('blob_truncated', truncation(found, offset))
      offset += count
      yield piece.subarray(0, count)
    }
    if (found === this.#options.expected.sizeBytes) return
    const { signal } = this.#stopping
    yield* (await this.#options.openRest(found, { signal })) as AsyncIterable<Uint8Array>
  }

  async #close(): Promise<void> {
    await this.#work
    await this.#file.close()
    this.#options.onEnd()
  }

  #advance(readyBytes: number): void {
    if (readyBytes <= this.#readyBytes) return
    this.#readyBytes = readyBytes
    this.#wake()
  }

  #end(failure: unknown): void {
    this.#failure = failure
    this.#isOver = true
    if (failure !== undefined && !this.#stopping.signal.aborted) {
      this.#options.log.warn({ err: failure, bytes: this.#readyBytes }, 'an image did not come into the cache')
    }
    this.#wake()
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}

/** The disk of the cache is full or fails: what is there is of no use. */
function isOfTheFolder(error: unknown): boolean {
  return hasCode(error, 'storage_full') || hasCode(error, 'storage_write_denied')
}

function truncation(expectedBytes: number, readBytes: number) {
  return { store: 'cache', expectedBytes, readBytes }
}
