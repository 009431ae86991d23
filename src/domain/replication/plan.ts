import { createHash } from 'node:crypto'
import type { ReplicationRule, RuleStatus } from '../../ports/replication.ts'

/**
 * What is known of a copy: `good`; `missing`: its store has no such data; `damaged`: data of another size; `unknown`: its
 * store does not answer; `unsettled`: somebody is at work on it.
 */
export type CopyState = 'good' | 'missing' | 'damaged' | 'unknown' | 'unsettled'

/** One location of an image. */
export interface Copy {
  readonly locationId: number
  /** Null: no store of this service holds it. */
  readonly storeId: string | null
  readonly state: CopyState
}

export interface StoreState {
  readonly id: string
  readonly isWritable: boolean
  readonly isAvailable: boolean
}

export interface PlanInput {
  readonly imageId: string
  readonly copies: readonly Copy[]
  /** Those that the image falls under. */
  readonly rules: readonly ReplicationRule[]
  readonly stores: readonly StoreState[]
}

/** What there is to do for an image. */
export interface Plan {
  readonly rules: readonly RuleStatus[]
  /** Ids of stores that are to get a copy. */
  readonly targets: readonly string[]
  /** Locations whose data is missing and that the new copies in `targets` take the place of. */
  readonly replaces: readonly number[]
  readonly goodCopies: number
}

/**
 * Works out which copies of an image are to be made. Nothing is ever taken away: copies beyond what rules ask for stay, and
 * a store that does not answer keeps its copies for now.
 */
export function planOf(input: PlanInput): Plan {
  const planner = new Planner(input)
  // What must be somewhere comes first: it counts for rules that leave the choice.
  const wanted = input.rules.map((rule) => ({ rule, storeIds: candidatesOf(rule, input.stores) }))
  const problems = new Map<string, readonly string[]>()
  for (const isChoice of [false, true]) {
    for (const { rule, storeIds } of wanted) {
      if ((rule.copies !== null) !== isChoice) continue
      problems.set(rule.name, isChoice ? planner.choose(storeIds, rule.copies ?? 0) : planner.fill(storeIds))
    }
  }
  return planner.plan(wanted, problems)
}

interface Wanted {
  readonly rule: ReplicationRule
  readonly storeIds: readonly string[]
}

class Planner {
  readonly #input: PlanInput
  /** What is known of the image in each store: the best of its copies there. */
  readonly #held = new Map<string, CopyState>()
  readonly #stores: ReadonlyMap<string, StoreState>
  readonly #targets = new Set<string>()
  readonly #goodCopies: number
  /** Why nothing can be copied at all. */
  readonly #noSource: string | undefined

  constructor(input: PlanInput) {
    this.#input = input
    this.#stores = new Map(input.stores.map((store) => [store.id, store]))
    for (const { storeId, state } of input.copies) {
      if (storeId === null) continue
      const known = this.#held.get(storeId)
      if (known === undefined || rank[state] < rank[known]) this.#held.set(storeId, state)
    }
    const states = [...this.#held.values()]
    this.#goodCopies = states.filter((state) => state === 'good').length
    if (this.#goodCopies === 0) {
      this.#noSource = states.includes('unknown') ? 'no copy can be read now' : 'no good copy is left'
    }
  }

  /** All of the stores shall have a copy. @returns what is in the way */
  fill(storeIds: readonly string[]): string[] {
    return storeIds.flatMap((id) => {
      const problem = this.#demand(id)
      return problem === undefined ? [] : [problem]
    })
  }

  /** At least `count` of the stores shall have a copy. @returns what is in the way */
  choose(storeIds: readonly string[], count: number): string[] {
    const counted = storeIds.filter((id) => isThere(this.#held.get(id)) || this.#targets.has(id)).length
    let open = count - counted
    const problems: string[] = []
    for (const id of this.#inTurn(storeIds)) {
      if (open <= 0) break
      if (isThere(this.#held.get(id)) || this.#targets.has(id)) continue
      const problem = this.#demand(id)
      if (problem === undefined) open -= 1
      else problems.push(problem)
    }
    if (open <= 0) return []
    return problems.length > 0 ? problems : [`there are ${storeIds.length} stores for ${count} copies`]
  }

  plan(wanted: readonly Wanted[], problems: ReadonlyMap<string, readonly string[]>): Plan {
    const targets = this.#noSource === undefined ? [...this.#targets].sort() : []
    const replaces = this.#input.copies.flatMap(({ locationId, storeId, state }) =>
      state === 'missing' && storeId !== null && targets.includes(storeId) ? [locationId] : [],
    )
    const rules = wanted.map(({ rule, storeIds }) => this.#outlook(rule.name, storeIds, problems.get(rule.name) ?? []))
    return { rules, targets, replaces, goodCopies: this.#goodCopies }
  }

  #outlook(rule: string, storeIds: readonly string[], problems: readonly string[]): RuleStatus {
    const isWaiting = storeIds.some((id) => this.#targets.has(id))
    if (problems.length === 0 && !isWaiting) return { rule, state: 'satisfied', reason: null }
    if (this.#noSource !== undefined) return { rule, state: 'failing', reason: this.#noSource }
    if (problems.length > 0) return { rule, state: 'failing', reason: problems.join('; ') }
    return { rule, state: 'pending', reason: null }
  }

  /** Makes the store a target if it needs a copy. @returns why it cannot be one */
  #demand(id: string): string | undefined {
    const state = this.#held.get(id)
    const store = this.#stores.get(id)
    if (store === undefined) return `there is no store ${id}`
    if (state === 'good' && store.isAvailable) return undefined
    if (state === 'good' || state === 'unknown' || !store.isAvailable) return `store ${id} does not answer`
    if (state === 'damaged') return `the data in store ${id} is damaged`
    if (state === 'unsettled') return `store ${id} is being filled`
    if (!store.isWritable) return `store ${id} takes no data`
    this.#targets.add(id)
    return undefined
  }

  /** A store that has lost its copy first; then each image has an order of its own, so that copies spread evenly. */
  #inTurn(storeIds: readonly string[]): string[] {
    const draws = new Map(storeIds.map((id) => [id, drawOf(this.#input.imageId, id)]))
    const draw = (id: string) => draws.get(id) ?? ''
    const isLost = (id: string) => this.#held.get(id) === 'missing'
    return [...storeIds].sort((a, b) => Number(isLost(b)) - Number(isLost(a)) || (draw(a) < draw(b) ? -1 : 1))
  }
}

/** The best first. */
const rank: Readonly<Record<CopyState, number>> = { good: 0, unknown: 1, unsettled: 2, damaged: 3, missing: 4 }

function isThere(state: CopyState | undefined): boolean {
  return state === 'good' || state === 'unknown'
}

function candidatesOf({ stores: named }: ReplicationRule, stores: readonly StoreState[]): readonly string[] {
  return named.length > 0 ? named : stores.filter(({ isWritable }) => isWritable).map(({ id }) => id)
}

function drawOf(imageId: string, storeId: string): string {
  return createHash('sha256').update(`${imageId}/${storeId}`).digest('hex')
}
