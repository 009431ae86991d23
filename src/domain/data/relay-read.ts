import { Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'

/**
 * Passes on what a source gives, with the source's own chunks, and may change the source on the way. The source ends
 * with it, and it never ends in silence when the source breaks off.
 */
export abstract class RelayRead extends Readable {
  readonly #storeId: string
  #source: Readable | undefined

  /** `storeId` is named when the source breaks off without an error. */
  constructor(first: Readable, { storeId }: { storeId: string }) {
    super({ highWaterMark: first.readableHighWaterMark })
    this.#storeId = storeId
  }

  /** Reads from `source` from now on. */
  protected attach(source: Readable): void {
    this.#source = source
    source.on('data', (chunk: Buffer) => {
      if (this.#source !== source) return
      this.passing(chunk)
      if (!this.push(chunk)) source.pause()
    })
    source.once('end', () => {
      if (this.#source === source) this.push(null)
    })
    source.once('error', (error) => this.#fail(source, error))
    source.once('close', () => {
      if (source.readableEnded) return
      const reason = 'it broke off before the end of the data'
      this.#fail(source, new GlimpseError('store_unavailable', { store: this.#storeId, reason }))
    })
  }

  /** Called with each chunk before it is passed on. */
  protected abstract passing(chunk: Buffer): void

  /** The reader asks for data. */
  protected wanted(): void {}

  /** The source has failed; without another one the reader meets the error. */
  protected sourceFailed(error: Error): void {
    this.destroy(error)
  }

  override _read(): void {
    this.wanted()
    this.#source?.resume()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source?.destroy()
    done(error)
  }

  #fail(source: Readable, error: Error): void {
    if (this.#source !== source || this.destroyed) return
    this.#source = undefined
    this.sourceFailed(error)
  }
}
