import type { Readable } from 'node:stream'
import { GlimpseError } from '../../../errors/error.ts'
import { RelayRead } from '../relay-read.ts'

export interface WatchedReadOptions {
  readonly storeId: string
  /** A store that gives nothing for so long, while the reader waits, has failed. */
  readonly stallMs: number
  readonly onBytes: (count: number) => void
  readonly onFailure: (error: Error) => void
}

/** The data of a store, counted, and given up when the store stalls. A reader may take its time. */
export class WatchedRead extends RelayRead {
  readonly #options: WatchedReadOptions
  #timer: NodeJS.Timeout | undefined

  constructor(source: Readable, options: WatchedReadOptions) {
    super(source, options)
    this.#options = options
    this.attach(source)
  }

  protected override passing(chunk: Buffer): void {
    this.#stopWaiting()
    this.#options.onBytes(chunk.length)
  }

  protected override wanted(): void {
    const { stallMs, storeId } = this.#options
    this.#timer ??= setTimeout(() => {
      const reason = `it gave nothing for ${stallMs / 1000} s`
      this.sourceFailed(new GlimpseError('store_unavailable', { store: storeId, reason }))
    }, stallMs)
  }

  protected override sourceFailed(error: Error): void {
    this.#options.onFailure(error)
    super.sourceFailed(error)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopWaiting()
    super._destroy(error, done)
  }

  #stopWaiting(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
