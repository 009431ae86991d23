/**
 * Runs work of one key one after another, work of different keys side by side. What would otherwise wait for each other
 * in the database, each holding a connection, waits here.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** @throws what `work` throws */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const turn = before.then(work, work)
    this.#last.set(key, turn)
    const forget = () => {
      if (this.#last.get(key) === turn) this.#last.delete(key)
    }
    turn.then(forget, forget)
    return turn
  }
}
