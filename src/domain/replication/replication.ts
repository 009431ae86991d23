import { GlimpseError } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import type { IdRange } from '../../ports/image-walk.ts'
import type { Finding, PassScope, PassStep } from '../../ports/passes.ts'
import type { ReplicationRepository, ReplicationRule, ReplicationStatus } from '../../ports/replication.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { auditKinds } from '../audit/kinds.ts'
import { idSlices } from '../passes/id-slices.ts'
import { type NewFinding, type Program, type StepTools, uncheckedKinds } from '../passes/program.ts'
import { Copier, type CopierOptions, isTaken } from './copier.ts'
import { checkedCopies, recordedCopies, storeStates } from './image-copies.ts'
import { rulesFor } from './matching.ts'
import { type Copy, type Plan, planOf } from './plan.ts'
import type { RuleBook } from './rule-book.ts'
import { isAtRest } from './watch-image.ts'

export interface ReplicationOptions extends Omit<CopierOptions, 'images' | 'audit'> {
  readonly repositories: Pick<Repositories, 'images' | 'replication' | 'walk' | 'passes' | 'findings' | 'audit'>
  readonly rules: RuleBook
  /** `check_interval` */
  readonly checkMs: number
  /** Images of one pass that are copied at the same time, over all nodes. */
  readonly parallel: number
  /** `interval`: after this a pass begins no further copies if others follow, which look for what is needed most then. */
  readonly intervalMs: number
}

const perSlice = 2_000
const pageSize = 200
/** Questions to stores at the same time, in one step. */
const checksAtOnce = 8
const manyReports = 1_000
/** Who repeats passes notes it in the database more often than this. */
const noticeMs = 60_000

/** Kinds of findings. */
const kinds = { missing: 'copy_missing', lost: 'no_good_copy', away: uncheckedKinds.store } as const

/**
 * Brings images to the stores where rules want them. The first steps of a pass look at all images and record how they stand;
 * those after them make copies, each time of the image that needs them most.
 */
export class Replication implements Program {
  readonly name = 'replication'
  readonly #options: ReplicationOptions
  readonly #copier: Copier
  readonly #statuses: ReplicationRepository

  constructor(options: ReplicationOptions) {
    this.#options = options
    this.#statuses = options.repositories.replication
    this.#copier = new Copier({ ...options, ...options.repositories })
  }

  async plan({ imageId }: PassScope): Promise<PassStep[]> {
    const ranges =
      imageId === null ? idSlices(await this.#options.repositories.walk.count(), { perSlice }) : [only(imageId)]
    const copiers = imageId === null ? this.#options.parallel : 1
    return [
      ...ranges.map((range) => ({ name: `look ${range.from}`, input: { ...range, looks: ranges.length } })),
      ...Array.from({ length: copiers }, (_, i) => ({ name: `copy ${i}`, input: null })),
    ]
  }

  async run({ name, input }: PassStep, tools: StepTools): Promise<void> {
    const work = { rules: (await this.#options.rules.all()).map(({ rule }) => rule), tools }
    if (input !== null) await this.#look(input as LookInput, work)
    if (tools.isDryRun || (input !== null && (await this.#areCopiersToCome(input as LookInput, tools)))) return
    await this.#copyDue(`${tools.passId}/${name}`, work)
  }

  /** Steps that copy may have ended before the last of those that look: it copies what they have not seen. */
  async #areCopiersToCome({ looks }: LookInput, { passId }: StepTools): Promise<boolean> {
    const pass = await this.#options.repositories.passes.get(passId)
    return (pass?.doneSteps ?? 0) < looks
  }

  wouldSee({ kind }: Finding, { storeId }: PassScope): boolean {
    return storeId === null && Object.values<string>(kinds).includes(kind)
  }

  async #look(range: IdRange, work: Work): Promise<void> {
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
    const plan = this.#planOf(image, { copies, rules: mine, tools })
    await this.#tell(image, { plan, copies, tools, away })
    const checkedAt = isChecked ? now : (known?.checkedAt ?? null)
    const status = statusOf(image.id, { plan, checkedAt, former: known })
    for (const { state } of status.rules) tools.count(state)
    if (!tools.isDryRun && !isSame(status, known)) await this.#statuses.record(status)
  }

  #isCheckDue(known: ReplicationStatus | undefined, { tools, now }: { tools: StepTools; now: Date }): boolean {
    const { imageId, choices } = tools.scope
    if (known === undefined || known.checkedAt === null || imageId !== null || choices.check === true) return true
    if (known.rules.some(({ state }) => state !== 'satisfied')) return true
    return now.getTime() - known.checkedAt.getTime() >= this.#options.checkMs
  }

  async #copyDue(owner: string, work: Work): Promise<void> {
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
    const { nextPassAt } = await this.#options.repositories.passes.program(this.name)
    return nextPassAt !== null && nextPassAt.getTime() > Date.now() - noticeMs
  }

  async #copy(imageId: string, { rules, tools, isFirst }: Work & { isFirst: boolean }): Promise<void> {
    const { repositories, stores, log } = this.#options
    const { signal } = tools
    const image = await repositories.images.get(imageId)
    const now = new Date()
    const mine = image ? rulesFor(image, { rules, now }) : []
    if (!image || mine.length === 0 || !isAtRest(image)) return this.#forget(imageId, tools)
    const copies = await checkedCopies(image, { stores, signal })
    const plan = this.#planOf(image, { copies, rules: mine, tools })
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
      await this.#forget(imageId, tools)
    }
  }

  async #recordOutcome(
    { image, failures }: Awaited<ReturnType<Copier['copy']>>,
    { copies, now, ...work }: Work & { copies: readonly Copy[]; now: Date },
  ): Promise<void> {
    const { tools } = work
    for (const copy of copies) {
      if (copy.state !== 'missing' || image.locations.some(({ id }) => id === copy.locationId)) continue
      await tools.settle(await tools.see(lossOf(image.id, copy)), 'repaired')
    }
    const states = new Map(copies.map(({ locationId, state }) => [locationId, state]))
    const current = recordedCopies(image, this.#options.stores).map((copy) => ({
      ...copy,
      state: states.get(copy.locationId) ?? copy.state,
    }))
    const plan = this.#planOf(image, { ...work, copies: current })
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

  #planOf(image: Image, { copies, rules, tools }: Work & { copies: readonly Copy[] }): Plan {
    const { storeId } = tools.scope
    const plan = planOf({ imageId: image.id, copies, rules, stores: storeStates(this.#options.stores) })
    return storeId === null ? plan : { ...plan, targets: plan.targets.filter((id) => id === storeId) }
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
        await tools.see({ kind: kinds.away, storeId: copy.storeId, detail: 'it does not answer' })
      }
    }
    const isLost = plan.goodCopies === 0 && copies.every(({ state }) => state === 'missing' || state === 'damaged')
    if (isLost) await tools.see({ kind: kinds.lost, imageId: id, detail: 'no store has a good copy' })
  }

  async #forget(imageId: string, { isDryRun }: StepTools): Promise<void> {
    if (isDryRun) return
    await this.#statuses.record({ imageId, rules: [], goodCopies: 0, isDue: false, checkedAt: null })
  }
}

/** A stretch of images to look at. */
type LookInput = {
  readonly from: string
  readonly to: string | null
  /** Steps of the pass that look. */
  readonly looks: number
}

interface Look extends Work {
  readonly known: ReplicationStatus | undefined
  /** Stores that were told of already. */
  readonly away: Set<string>
}

interface Work {
  readonly rules: readonly ReplicationRule[]
  readonly tools: StepTools
}

function statusOf(
  imageId: string,
  { plan, checkedAt, former }: { plan: Plan; checkedAt: Date | null; former?: ReplicationStatus | undefined },
): ReplicationStatus {
  const { goodCopies, targets } = plan
  // What failed the last time is told until it succeeds.
  const rules = plan.rules.map((rule) => {
    const before = former?.rules.find((it) => it.rule === rule.rule)
    return rule.state === 'pending' && before?.state === 'failing' ? { ...rule, ...before } : rule
  })
  return { imageId, rules, goodCopies, isDue: targets.length > 0, checkedAt }
}

function isSame(status: ReplicationStatus, known: ReplicationStatus | undefined): boolean {
  const text = ({ rules, goodCopies, isDue, checkedAt }: ReplicationStatus) =>
    JSON.stringify([rules.map((it) => [it.rule, it.state, it.reason]).sort(), goodCopies, isDue, checkedAt])
  return known !== undefined && text(status) === text(known)
}

function lossOf(imageId: string, { storeId, locationId }: Copy): NewFinding {
  return { kind: kinds.missing, imageId, storeId, locationId, detail: `store ${storeId} has lost its copy` }
}

function only(imageId: string): IdRange {
  // The next text after the id, in every order that databases know.
  return { from: imageId, to: `${imageId}0` }
}

/** What may be shown of an error: only those of the catalogue are known to hold no secret. */
function reasonOf(error: unknown): string {
  return error instanceof GlimpseError ? error.message : 'an unexpected error; the log tells more'
}
