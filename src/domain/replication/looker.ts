import type { Image } from '../../ports/image.ts'
import type { IdRange } from '../../ports/image-walk.ts'
import type { ReplicationRepository, ReplicationStatus } from '../../ports/replication.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { auditKinds } from '../audit/kinds.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { StepTools } from '../passes/program.ts'
import { checkedCopies, recordedCopies } from './image-copies.ts'
import { rulesFor } from './matching.ts'
import { lossOf, noStatus, type PassWork, planFor, replicationKinds, statusOf } from './pass-work.ts'
import type { Copy, Plan } from './plan.ts'
import { isAtRest } from './watch-image.ts'

export interface LookerOptions {
  readonly repositories: Pick<Repositories, 'replication' | 'walk' | 'findings'>
  readonly stores: StoreSet
  /** `check_interval` */
  readonly checkMs: number
}

interface Look extends PassWork {
  readonly known: ReplicationStatus | undefined
  /** Stores that were told of already. */
  readonly away: Set<string>
}

const pageSize = 200
/** Questions to stores at the same time, in one step. */
const checksAtOnce = 8
/** So many reports of missing data are no accidents of single images. */
const manyReports = 1_000

/** Looks at images and records how they stand with the rules; asks stores only where it is time to, and writes only what is new. */
export class Looker {
  readonly #options: LookerOptions
  readonly #statuses: ReplicationRepository

  constructor(options: LookerOptions) {
    this.#options = options
    this.#statuses = options.repositories.replication
  }

  /** Looks at all images in the range. */
  async look(range: IdRange, work: PassWork): Promise<void> {
    const { tools } = work
    const isReported = await this.#reported()
    const away = new Set<string>()
    for (let after: string | undefined; ; ) {
      const page = await this.#options.repositories.walk.page(range, { after, limit: pageSize })
      const isLast = page.length < pageSize
      const upTo = isLast ? undefined : page.at(-1)?.id
      const known = new Map((await this.#statuses.statuses(range, { after, upTo })).map((it) => [it.imageId, it]))
      const waiting = page.values()
      const look = async () => {
        for (const image of waiting) {
          const status = known.get(image.id)
          known.delete(image.id)
          // Of what was reported nothing is taken for granted.
          const trusted = status && isReported(image.id) ? { ...status, checkedAt: null } : status
          await this.#lookAt(image, { ...work, away, known: trusted })
        }
      }
      await Promise.all(Array.from({ length: checksAtOnce }, look))
      // What is left of them has no image any more.
      for (const { imageId } of known.values()) await this.#forget(imageId, tools)
      if (isLast) return
      after = upTo
    }
  }

  /** Images whose data the auditor misses somewhere; all of them where it misses so much that a store may be lost. */
  async #reported(): Promise<(imageId: string) => boolean> {
    const found = await this.#options.repositories.findings.list({
      program: 'auditor',
      kind: auditKinds.missing,
      state: 'open',
      limit: manyReports,
    })
    if (found.length === manyReports) return () => true
    const ids = new Set(found.map(({ imageId }) => imageId))
    return (imageId) => ids.has(imageId)
  }

  async #lookAt(image: Image, { rules, tools, away, known }: Look): Promise<void> {
    await tools.admit({ items: 1 })
    const now = new Date()
    const mine = image.status === 'active' ? rulesFor(image, { rules, now }) : []
    if (mine.length === 0) return known && this.#forget(image.id, tools)
    if (!isAtRest(image)) return
    const isChecked = this.#isCheckDue(known, { tools, now })
    const { stores } = this.#options
    const copies = isChecked
      ? await checkedCopies(image, { stores, signal: tools.signal })
      : recordedCopies(image, stores)
    if (isChecked) tools.count('checked')
    const plan = planFor(image, { copies, rules: mine, tools, stores })
    await this.#tell(image, { plan, copies, tools, away })
    const checkedAt = isChecked ? now : (known?.checkedAt ?? null)
    const status = statusOf(image.id, { plan, checkedAt, former: known })
    for (const { state } of status.rules) tools.count(state)
    if (!tools.isDryRun && !isSame(status, known)) await this.#record(status, tools)
  }

  #isCheckDue(known: ReplicationStatus | undefined, { tools, now }: { tools: StepTools; now: Date }): boolean {
    const { imageId, choices } = tools.scope
    if (known === undefined || known.checkedAt === null || imageId !== null || choices.check === true) return true
    if (known.rules.some(({ state }) => state !== 'satisfied')) return true
    return now.getTime() - known.checkedAt.getTime() >= this.#options.checkMs
  }

  /** A lost copy is a finding although it is made again: somebody has to ask why it was lost. */
  async #tell(
    { id }: Image,
    { plan, copies, tools, away }: Pick<Look, 'tools' | 'away'> & { plan: Plan; copies: readonly Copy[] },
  ): Promise<void> {
    for (const copy of copies) {
      if (plan.replaces.includes(copy.locationId)) await tools.see(lossOf(id, copy))
      if (copy.state === 'unknown' && copy.storeId !== null && !away.has(copy.storeId)) {
        away.add(copy.storeId)
        await tools.see({ kind: replicationKinds.away, storeId: copy.storeId, detail: 'it does not answer' })
      }
    }
    const isLost = plan.goodCopies === 0 && copies.every(({ state }) => state === 'missing' || state === 'damaged')
    if (isLost) await tools.see({ kind: replicationKinds.lost, imageId: id, detail: 'no store has a good copy' })
  }

  async #forget(imageId: string, tools: StepTools): Promise<void> {
    if (!tools.isDryRun) await this.#record(noStatus(imageId), tools)
  }

  /** What this pass copies just now stays claimed, or another would begin to copy it too. */
  #record(status: ReplicationStatus, { passId }: StepTools): Promise<void> {
    return this.#statuses.record(status, { keepsClaimsOf: `${passId}/` })
  }
}

function isSame(status: ReplicationStatus, known: ReplicationStatus | undefined): boolean {
  const text = ({ rules, goodCopies, isDue, checkedAt }: ReplicationStatus) =>
    JSON.stringify([rules.map((it) => [it.rule, it.state, it.reason]).sort(), goodCopies, isDue, checkedAt])
  return known !== undefined && text(status) === text(known)
}
