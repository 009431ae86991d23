import type { QuotaResource } from '../../ports/quota.ts'
import type { Reservation } from './reservation.ts'

const defaultSlabBytes = 2 ** 24
/** Slabs grow with the data, so that large data costs few questions: each is at least this part of what has come. */
const slabShare = 1 / 4

/**
 * Keeps a reservation abreast of data whose size nobody knows: for each slab that has come in the reservation grows
 * beside the flow, and once more at the end to the very size. What is small costs one question, and many uploads side by
 * side hold no more than has really come.
 */
export class SizeMeter {
  readonly #reservation: Reservation
  readonly #resource: QuotaResource
  readonly #slabBytes: number
  #claimedBytes = 0
  #growing: Promise<void> | undefined
  #refusal: unknown

  constructor(
    reservation: Reservation,
    { resource, slabBytes = defaultSlabBytes }: { resource: QuotaResource; slabBytes?: number },
  ) {
    this.#reservation = reservation
    this.#resource = resource
    this.#slabBytes = slabBytes
  }

  /** Tells how much has come so far. @throws storage_quota_full, limit_exceeded as soon as it is known not to fit */
  saw(bytes: number): void {
    if (this.#refusal !== undefined) throw this.#refusal
    const slabBytes = Math.max(this.#slabBytes, this.#claimedBytes * slabShare)
    if (bytes - this.#claimedBytes < slabBytes || this.#growing !== undefined) return
    this.#growing = this.#claim(bytes)
      .catch((error: unknown) => {
        this.#refusal = error
      })
      .finally(() => {
        this.#growing = undefined
      })
  }

  /** Claims the size of the whole data. @throws storage_quota_full, limit_exceeded */
  async finish(bytes: number): Promise<void> {
    await this.stopped()
    if (this.#refusal !== undefined) throw this.#refusal
    await this.#claim(bytes)
  }

  /** Resolves when no claim is on its way. */
  async stopped(): Promise<void> {
    await this.#growing
  }

  async #claim(bytes: number): Promise<void> {
    await this.#reservation.claim({ [this.#resource]: bytes })
    this.#claimedBytes = bytes
  }
}
