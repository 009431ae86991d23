import { writtenRule } from '../../domain/replication/read-rule.ts'
import type { KnownRule } from '../../domain/replication/rule-book.ts'
import {
  type ReplicationCount,
  type ReplicationState,
  type ReplicationStatus,
  replicationStates,
  type StatusLine,
} from '../../ports/replication.ts'

/** A rule, and how many images stand how with it. */
export function ruleJson({ rule, source, updatedAt }: KnownRule, counts: readonly ReplicationCount[]): object {
  const numberOf = (state: ReplicationState) =>
    counts.find((count) => count.rule === rule.name && count.state === state)?.images ?? 0
  return {
    name: rule.name,
    source,
    ...writtenRule(rule),
    images: Object.fromEntries(replicationStates.map((state) => [state, numberOf(state)])),
    ...(updatedAt && { updated_at: updatedAt.toISOString() }),
  }
}

/** How an image stands with all of its rules. */
export function statusJson({ imageId, rules, goodCopies, isDue, checkedAt }: ReplicationStatus): object {
  return { image: imageId, good_copies: goodCopies, due: isDue, checked_at: checkedAt?.toISOString() ?? null, rules }
}

/** How an image stands with one rule. */
export function lineJson({ imageId, rule, state, reason, goodCopies, checkedAt }: StatusLine): object {
  return {
    image: imageId,
    ...{ rule, state, reason },
    good_copies: goodCopies,
    checked_at: checkedAt?.toISOString() ?? null,
  }
}
