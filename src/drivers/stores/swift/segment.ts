import { Readable } from 'node:stream'

/** Bytes that wait in memory, counted over all segments of a write. */
export class Budget {
  readonly #maxBytes: number
  #bytes = 0
  #wake: (() => void) | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  take(bytes: number): void {
    this.#bytes += bytes
  }

  give(bytes: number): void {
    this.#bytes -= bytes
    if (this.#bytes <= this.#maxBytes) this.wake()
  }

  /** Resolves when there is room again, or at `wake`. */
  async room(): Promise<void> {
    if (this.#bytes <= this.#maxBytes) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }

  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** The body of one object: what is pushed is counted in the budget until it is on its way. */
export class Segment extends Readable {
  readonly #budget: Budget
  readonly #queue: Buffer[] = []
  #ended = false
  #wanted = false

  constructor(budget: Budget) {
    super({ highWaterMark: 1 })
    this.#budget = budget
    // Its end is the request's matter; nobody else listens.
    this.on('error', () => {})
  }

  append(chunk: Buffer): void {
    if (this.destroyed) return
    this.#budget.take(chunk.length)
    this.#queue.push(chunk)
    if (this.#wanted) this._read()
  }

  end(): void {
    this.#ended = true
    if (this.#wanted) this._read()
  }

  override _read(): void {
    const chunk = this.#queue.shift()
    this.#wanted = chunk === undefined && !this.#ended
    if (chunk !== undefined) {
      this.#budget.give(chunk.length)
      this.push(chunk)
    } else if (this.#ended) {
      this.push(null)
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#budget.give(this.#queue.reduce((sum, { length }) => sum + length, 0))
    this.#queue.length = 0
    done(error)
  }
}
