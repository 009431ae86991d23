import { setTimeout as sleep } from 'node:timers/promises'

/** How much may be done ahead of time, so that few waits are long ones. */
const burstMs = 100

export interface Rates {
  /** 0: without limit. */
  readonly itemsPerSecond: number
  readonly bytesPerSecond: number
}

/** Holds the work of one process to a rate. */
export class Pace {
  readonly #rates: Rates
  readonly #freeAt = { items: 0, bytes: 0 }

  constructor(rates: Rates) {
    this.#rates = rates
  }

  /** Resolves when so much may be done. @throws the reason of `signal` */
  async take({ items = 0, bytes = 0 }: { items?: number; bytes?: number }, signal: AbortSignal): Promise<void> {
    const waitMs = Math.max(
      this.#book('items', items, this.#rates.itemsPerSecond),
      this.#book('bytes', bytes, this.#rates.bytesPerSecond),
    )
    signal.throwIfAborted()
    if (waitMs <= burstMs) return
    await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }

  /** @returns how long it takes until what was taken before is paid for, in milliseconds */
  #book(what: 'items' | 'bytes', amount: number, perSecond: number): number {
    if (perSecond === 0 || amount === 0) return 0
    const now = performance.now()
    const at = Math.max(now, this.#freeAt[what])
    this.#freeAt[what] = at + (amount / perSecond) * 1000
    return at - now
  }
}
