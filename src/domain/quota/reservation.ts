import { randomUUID } from 'node:crypto'
import { hasCode } from '../../errors/error.ts'
import type { QuotaAmounts, QuotaResource, Settlement } from '../../ports/quota.ts'

interface ReservationOptions {
  readonly owner: string | null
  readonly sizeUnknown: boolean
  /** Takes hold of amounts in all. @returns those that are bounded, and so held. @throws what refuses them */
  readonly acquire: (amounts: QuotaAmounts) => Promise<QuotaAmounts>
  /** Gives back what is left. */
  readonly end: () => Promise<void>
}

/**
 * What one operation has reserved for a project: bytes of its data, places among its images. It is released in the end,
 * whatever happened; what was settled by then stays used.
 */
export class Reservation implements AsyncDisposable {
  readonly id = randomUUID()
  readonly owner: string | null
  /** The sizes are what has come so far. */
  readonly sizeUnknown: boolean
  readonly #options: ReservationOptions
  readonly #held = new Map<QuotaResource, number>()

  constructor(options: ReservationOptions) {
    this.owner = options.owner
    this.sizeUnknown = options.sizeUnknown
    this.#options = options
  }

  /** Nothing is held, or nothing any more. */
  get isEmpty(): boolean {
    return this.#held.size === 0
  }

  /** Holds `amounts` in all from now on. @throws storage_quota_full, limit_exceeded; it holds what it held before then */
  async claim(amounts: QuotaAmounts): Promise<void> {
    const held = await this.#options.acquire(amounts)
    for (const [resource, amount] of Object.entries(held)) this.#held.set(resource as QuotaResource, amount)
  }

  /**
   * Runs `work`, which changes an image so that `resource` is used from then on, and hands the settlement to the
   * repository; undefined if nothing is reserved. If the reservation was lost, because nobody could keep it alive, it is
   * claimed again and the work with it.
   * @throws what `work` throws, storage_quota_full, limit_exceeded
   */
  async settle<T>(resource: QuotaResource, work: (settlement: Settlement | undefined) => Promise<T>): Promise<T> {
    const amount = this.#held.get(resource)
    if (amount === undefined) return work(undefined)
    const settlement = { reservationId: this.id, resource }
    let result: T
    try {
      result = await work(settlement)
    } catch (error) {
      if (!hasCode(error, 'reservation_lost')) throw error
      await this.claim({ [resource]: amount })
      result = await work(settlement)
    }
    this.#held.delete(resource)
    return result
  }

  /** Gives back what is not settled. Never throws: it runs after other failures. */
  async release(): Promise<void> {
    await this.#options.end()
    this.#held.clear()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release()
  }
}
