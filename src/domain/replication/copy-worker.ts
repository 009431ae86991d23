import { GlimpseError } from '../../errors/error.ts'
import type { ReplicationRepository } from '../../ports/replication.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { Copier, type CopierOptions, type CopyOutcome, isTaken } from './copier.ts'
import { checkedCopies, recordedCopies } from './image-copies.ts'
import { rulesFor } from './matching.ts'
import { lossOf, noStatus, type PassWork, planFor, statusOf } from './pass-work.ts'
import type { Copy } from './plan.ts'
import { isAtRest } from './watch-image.ts'

export interface CopyWorkerOptions extends Omit<CopierOptions, 'images' | 'audit'> {
  readonly repositories: Pick<Repositories, 'images' | 'replication' | 'passes' | 'audit'>
  /** `interval`: after this no further copies are begun if other passes follow, which look for what is needed most then. */
  readonly intervalMs: number
}

/** Who repeats passes notes it in the database more often than this. */
const noticeMs = 60_000

/** Makes the copies that images lack, each time of the image that needs them most. */
export class CopyWorker {
  readonly #options: CopyWorkerOptions
  readonly #copier: Copier
  readonly #statuses: ReplicationRepository

  constructor(options: CopyWorkerOptions) {
    this.#options = options
    this.#statuses = options.repositories.replication
    this.#copier = new Copier({ ...options, ...options.repositories })
  }

  /** Copies until no image is due, or until it is time for the next pass. `owner` names the step. */
  async run(owner: string, work: PassWork): Promise<void> {
    // An earlier run of this step, whose process died, may have left something of them in the stores.
    for (const imageId of await this.#statuses.claimsOf(owner)) await this.#copy(imageId, { ...work, isFirst: false })
    const begunAt = performance.now()
    do {
      const imageId = await this.#statuses.claim({ owner })
      if (imageId === undefined) return
      await this.#copy(imageId, { ...work, isFirst: true })
    } while (performance.now() - begunAt < this.#options.intervalMs || !(await this.#isFollowed()))
  }

  /** Somebody begins a pass whenever one is due. */
  async #isFollowed(): Promise<boolean> {
    const { nextPassAt } = await this.#options.repositories.passes.program('replication')
    return nextPassAt !== null && nextPassAt.getTime() > Date.now() - noticeMs
  }

  async #copy(imageId: string, { rules, tools, isFirst }: PassWork & { isFirst: boolean }): Promise<void> {
    const { repositories, stores, log } = this.#options
    const { signal } = tools
    const image = await repositories.images.get(imageId)
    const now = new Date()
    const mine = image ? rulesFor(image, { rules, now }) : []
    if (!image || mine.length === 0 || !isAtRest(image)) return this.#statuses.record(noStatus(imageId))
    const copies = await checkedCopies(image, { stores, signal })
    const plan = planFor(image, { copies, rules: mine, tools, stores })
    if (plan.targets.length === 0) return this.#statuses.record(statusOf(imageId, { plan, checkedAt: now }))
    try {
      const admit = (amount: { bytes: number }) => tools.admit(amount)
      const outcome = await this.#copier.copy(image, { plan, copies, isFirst, admit, signal })
      tools.count('copies', outcome.copied.length)
      if (outcome.copied.length > 0) log.info({ imageId, stores: outcome.copied }, 'copies were made')
      for (const [store, error] of outcome.failures) log.warn({ err: error, imageId, store }, 'a copy was not made')
      await this.#recordOutcome(outcome, { copies, rules: mine, tools, now })
    } catch (error) {
      signal.throwIfAborted()
      if (!isTaken(error)) throw error
      // The next pass sees what has become of it.
      await this.#statuses.record(noStatus(imageId))
    }
  }

  async #recordOutcome(
    { image, failures }: CopyOutcome,
    { copies, now, ...work }: PassWork & { copies: readonly Copy[]; now: Date },
  ): Promise<void> {
    const { tools } = work
    const { stores } = this.#options
    for (const copy of copies) {
      if (copy.state !== 'missing' || image.locations.some(({ id }) => id === copy.locationId)) continue
      await tools.settle(await tools.see(lossOf(image.id, copy)), 'repaired')
    }
    const states = new Map(copies.map(({ locationId, state }) => [locationId, state]))
    const current = recordedCopies(image, stores).map((copy) => ({
      ...copy,
      state: states.get(copy.locationId) ?? copy.state,
    }))
    const plan = planFor(image, { ...work, copies: current, stores })
    const reasons = [...failures].map(([store, error]) => `store ${store}: ${reasonOf(error)}`)
    const status = statusOf(image.id, { plan, checkedAt: now })
    const rulesNow = status.rules.map((rule) =>
      rule.state === 'pending' && reasons.length > 0
        ? { ...rule, state: 'failing' as const, reason: reasons.join('; ') }
        : rule,
    )
    // What has failed is tried again by the next pass.
    await this.#statuses.record({ ...status, rules: rulesNow, isDue: false })
  }
}

/** What may be shown of an error: only those of the catalogue are known to hold no secret. */
function reasonOf(error: unknown): string {
  return error instanceof GlimpseError ? error.message : 'an unexpected error; the log tells more'
}
