const mib = 1024 * 1024
/** S3 takes no more parts in one upload. */
const maxParts = 10_000
/** Parts of data of unknown size grow by one unit after as many: 10000 parts of 10 MiB at first then hold 1 TiB. */
const partsOfSameSize = 500

export interface PartPlanOptions {
  /** Null: unknown. */
  readonly sizeBytes: number | null
  readonly partBytes: number
  /** Data below goes in one piece. */
  readonly singleBelowBytes: number
  /** Buffers of `partBytes` that one upload may hold. */
  readonly buffers: number
}

/** How the data of one upload is cut, and how many pieces are held at once. Memory stays within `partBytes * buffers`. */
export class PartPlan {
  readonly #unitBytes: number
  readonly #options: PartPlanOptions
  readonly #budgetBytes: number

  constructor(options: PartPlanOptions) {
    const { sizeBytes, partBytes, buffers } = options
    this.#options = options
    this.#budgetBytes = partBytes * buffers
    const leastBytes = Math.ceil((sizeBytes ?? 0) / maxParts / mib) * mib
    this.#unitBytes = Math.max(partBytes, leastBytes)
  }

  /** Size of the part with that number, from 0; the last one may be smaller. */
  bytesOf(index: number): number {
    const { sizeBytes, singleBelowBytes } = this.#options
    if (sizeBytes === null) return this.#unitBytes * (1 + Math.floor(index / partsOfSameSize))
    const isSingle = sizeBytes > 0 && sizeBytes < singleBelowBytes && sizeBytes <= this.#budgetBytes
    return isSingle && index === 0 ? sizeBytes : this.#unitBytes
  }

  /** How many parts of the size of that one may be held at once. */
  buffersFor(index: number): number {
    return Math.max(1, Math.floor(this.#budgetBytes / this.bytesOf(index)))
  }
}
