import type { Image } from '../../ports/image.ts'
import type { ReplicationRule, ReplicationStatus } from '../../ports/replication.ts'
import type { StoreSet } from '../data/store-set.ts'
import { type NewFinding, type StepTools, uncheckedKinds } from '../passes/program.ts'
import { storeStates } from './image-copies.ts'
import { type Copy, type Plan, planOf } from './plan.ts'

/** What every step of a pass works with. */
export interface PassWork {
  readonly rules: readonly ReplicationRule[]
  readonly tools: StepTools
}

/** Kinds of findings. docs/operations.md tells operators what each means. */
export const replicationKinds = {
  missing: 'copy_missing',
  lost: 'no_good_copy',
  away: uncheckedKinds.store,
} as const

export function lossOf(imageId: string, { storeId, locationId }: Copy): NewFinding {
  const detail = `store ${storeId} has lost its copy`
  return { kind: replicationKinds.missing, imageId, storeId, locationId, detail }
}

/** What a pass of that scope has to do for an image. `rules` are those that the image falls under. */
export function planFor(
  image: Image,
  { copies, rules, tools, stores }: PassWork & { copies: readonly Copy[]; stores: StoreSet },
): Plan {
  const { storeId } = tools.scope
  const plan = planOf({ imageId: image.id, copies, rules, stores: storeStates(stores) })
  return storeId === null ? plan : { ...plan, targets: plan.targets.filter((id) => id === storeId) }
}

/** How the image stands by its plan. What failed the last time is told until it succeeds. */
export function statusOf(
  imageId: string,
  { plan, checkedAt, former }: { plan: Plan; checkedAt: Date | null; former?: ReplicationStatus | undefined },
): ReplicationStatus {
  const { goodCopies, targets } = plan
  const rules = plan.rules.map((rule) => {
    const before = former?.rules.find((it) => it.rule === rule.rule)
    return rule.state === 'pending' && before?.state === 'failing' ? { ...rule, ...before } : rule
  })
  return { imageId, rules, goodCopies, isDue: targets.length > 0, checkedAt }
}

/** What is recorded of an image that falls under no rule. */
export function noStatus(imageId: string): ReplicationStatus {
  return { imageId, rules: [], goodCopies: 0, isDue: false, checkedAt: null }
}
