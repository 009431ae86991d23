/**
 * Where Glimpse answers otherwise than the reference (Debian's 25.1), on purpose. Each entry names the cases, what
 * differs, what Glimpse gives, and why. An entry that no longer applies fails the tests, as does a difference without
 * an entry.
 */
export interface Difference {
  /** Names of cases, or a pattern of them. */
  readonly cases: readonly string[] | RegExp
  /** `status`, `body`, or a header's name; with `next N ` before it for the N-th following request, from 1. */
  readonly field: string
  /** What Glimpse gives. Left out only where it varies from case to case. */
  readonly glimpse?: unknown
  readonly reason: string
}

export const differences: readonly Difference[] = []

export function covers({ cases }: Difference, name: string): boolean {
  return cases instanceof RegExp ? cases.test(name) : cases.includes(name)
}
