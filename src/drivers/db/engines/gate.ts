import { GlimpseError } from '../../../errors/error.ts'

interface Waiter {
  readonly enter: () => void
  readonly timer: NodeJS.Timeout
}

/** Lets a bounded number of users in; the others wait in order, for a bounded time. */
export class Gate {
  readonly #waiting = new Set<Waiter>()
  readonly #timeoutMs: number
  #free: number

  constructor(options: { places: number; timeoutMs: number }) {
    this.#free = options.places
    this.#timeoutMs = options.timeoutMs
  }

  /** @throws database_unavailable when no place becomes free in time */
  enter(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free--
      return undefined
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        enter: resolve,
        timer: setTimeout(() => {
          this.#waiting.delete(waiter)
          reject(new GlimpseError('database_unavailable', { reason: 'all connections of the pool are busy' }))
        }, this.#timeoutMs),
      }
      this.#waiting.add(waiter)
    })
  }

  leave(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    clearTimeout(next.timer)
    next.enter()
  }
}
