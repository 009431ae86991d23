import { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../../errors/error.ts'
import type { ByteRange } from '../../../ports/blob-store.ts'
import { describeNetworkError } from './errors.ts'
import type { Target } from './target.ts'

export interface ReadOptions {
  readonly storeId: string
  readonly range?: ByteRange
  /** How often a read that breaks off goes on from where it was. */
  readonly retries: number
  readonly signal?: AbortSignal
}

/**
 * Opens an image's data. The stream is exactly as long as the range, or fails.
 * @throws blob_not_found, blob_truncated, store_unavailable
 */
export async function openImage(target: Target, options: ReadOptions): Promise<Readable> {
  const range = options.range ?? { offset: 0 }
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const first = await fetchRange(target, { range, storeId: options.storeId, signal })
  return new ImageReader(target, { ...options, range, first, stop, signal })
}

interface Fetched {
  readonly body: Readable
  /** Undefined: Swift does not tell the size of very many segments. */
  readonly sizeBytes: number | undefined
}

interface ReaderOptions extends ReadOptions {
  readonly range: ByteRange
  readonly first: Fetched
  readonly stop: AbortController
  readonly signal: AbortSignal
}

class ImageReader extends Readable {
  readonly #target: Target
  readonly #options: ReaderOptions
  readonly #expectedBytes: number | undefined
  #readBytes = 0
  #wake: (() => void) | undefined
  #isRunning = false

  constructor(target: Target, options: ReaderOptions) {
    super({ highWaterMark: 256 * 1024 })
    this.#target = target
    this.#options = options
    this.#expectedBytes = options.range.length ?? options.first.sizeBytes
  }

  override _read(): void {
    this.#wake?.()
    if (this.#isRunning) return
    this.#isRunning = true
    this.#run().then(
      () => this.push(null),
      (error: unknown) => this.destroy(this.#translate(error)),
    )
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#options.stop.abort()
    this.#options.first.body.destroy()
    this.#wake?.()
    done(error)
  }

  async #run(): Promise<void> {
    const { first, retries, range, storeId, signal } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        const rest = { offset: range.offset + this.#readBytes, ...this.#restLength() }
        const { body } = attempt === 0 ? first : await fetchRange(this.#target, { range: rest, storeId, signal })
        return await this.#forward(body)
      } catch (error) {
        if (attempt >= retries || signal.aborted) throw error
      }
    }
  }

  async #forward(body: Readable): Promise<void> {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      this.#readBytes += chunk.length
      if (this.push(chunk) || this.destroyed) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const expectedBytes = this.#expectedBytes
    if (expectedBytes === undefined || this.#readBytes === expectedBytes) return
    const { storeId: store } = this.#options
    throw new GlimpseError('blob_truncated', { store, expectedBytes, readBytes: this.#readBytes })
  }

  #restLength(): { length?: number } {
    return this.#expectedBytes === undefined ? {} : { length: this.#expectedBytes - this.#readBytes }
  }

  #translate(error: unknown): Error {
    const { storeId: store, signal } = this.#options
    if (signal.aborted) return signal.reason as Error
    if (error instanceof GlimpseError && !hasCode(error, 'blob_not_found')) return error
    const reason = hasCode(error, 'blob_not_found') ? 'the data went away' : describeNetworkError(error)
    return new GlimpseError('store_unavailable', { store, reason }, { cause: error })
  }
}

async function fetchRange(
  { client, place }: Target,
  { range, storeId: store, signal }: { range: ByteRange; storeId: string; signal: AbortSignal },
): Promise<Fetched> {
  const { offset, length } = range
  if (length === 0) {
    if ((await client.headObject(place, { signal })) === undefined) throw new GlimpseError('blob_not_found', { store })
    return { body: Readable.from([]), sizeBytes: 0 }
  }
  const isAll = offset === 0 && length === undefined
  const bytes = `bytes=${offset}-${length === undefined ? '' : offset + length - 1}`
  const { status, headers, body } = await client.getObject(place, { ...(isAll ? {} : { range: bytes }), signal })
  if (status === 404) throw new GlimpseError('blob_not_found', { store })
  if (status === 416) {
    // The end of the data is an empty range, which Swift does not know.
    const isEnd = length === undefined && headers['content-range'] === `bytes */${offset}`
    if (isEnd) return { body: Readable.from([]), sizeBytes: 0 }
    throw new GlimpseError('blob_truncated', { store, expectedBytes: length ?? 1, readBytes: 0 })
  }
  if (!isAll && status !== 206) {
    body.on('error', () => undefined).destroy()
    throw new GlimpseError('store_unavailable', { store, reason: 'it sends all data where a part is asked for' })
  }
  const announced = headers['content-length']
  return { body, sizeBytes: announced === undefined ? undefined : Number(announced) }
}
