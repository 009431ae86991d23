import { setTimeout as sleep } from 'node:timers/promises'

const firstPauseMs = 1000
const maxPauseMs = 60_000

/** What could not be removed because the cluster was away: tried again until it is done or the store closes. */
export class Leftovers {
  readonly #signal: AbortSignal
  readonly #firstPauseMs: number

  constructor({ signal, pauseMs = firstPauseMs }: { signal: AbortSignal; pauseMs?: number }) {
    this.#signal = signal
    this.#firstPauseMs = pauseMs
  }

  /** Takes over: `remove` is called until it does not fail. */
  add(remove: () => Promise<unknown>): void {
    void this.#keepTrying(remove)
  }

  async #keepTrying(remove: () => Promise<unknown>): Promise<void> {
    for (let pauseMs = this.#firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, maxPauseMs)) {
      await sleep(pauseMs, undefined, { signal: this.#signal, ref: false }).catch(() => undefined)
      if (this.#signal.aborted) return
      const isDone = await remove().then(
        () => true,
        () => false,
      )
      if (isDone) return
    }
  }
}
