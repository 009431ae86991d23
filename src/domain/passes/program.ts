import type { Finding, FindingKey, FindingState, PassScope, PassStep, ProgramName } from '../../ports/passes.ts'

/** A finding as a step tells it; what is absent does not name it. */
export interface NewFinding extends Partial<Omit<FindingKey, 'program' | 'kind'>> {
  readonly kind: string
  /** For people; no secret. */
  readonly detail: string
}

/** What a step works with. */
export interface StepTools {
  readonly passId: string
  readonly scope: PassScope
  /** Nothing is to be changed. */
  readonly isDryRun: boolean
  /** Aborted when the step is to stop: another process goes on with it, from its start. */
  readonly signal: AbortSignal
  /** Waits until the configured rate allows so much, and as long as the program is paused. @throws the reason of `signal` */
  admit(amount: { items?: number; bytes?: number }): Promise<void>
  /** Records what the pass sees. In a dry run it only tells how the finding would stand. */
  see(finding: NewFinding): Promise<Finding>
  /** Ends a finding. */
  settle(finding: Finding, state: Exclude<FindingState, 'open'>): Promise<void>
  count(name: string, by?: number): void
}

/** What a program does in one pass, cut into bounded steps that any processes work on side by side. */
export interface Program {
  readonly name: ProgramName
  /** The steps that cover the scope together. @throws database_unavailable */
  plan(scope: PassScope): Promise<readonly PassStep[]>
  /** Must bear being done again: the process that did it may have died before it could say so. */
  run(step: PassStep, tools: StepTools): Promise<void>
  /** Whether a whole pass of that scope would have seen this finding again, so that it is gone if it was not. */
  wouldSee(finding: Finding, scope: PassScope): boolean
  /** Ends what the program alone has opened. */
  close?(): Promise<void>
}

/** Kinds by which a pass says that it could not look: other findings of the same store, or image, stay as they are. */
export const uncheckedKinds = { store: 'store_unavailable', image: 'not_checked' } as const

/** Whether the finding lies within the scope at all. */
export function isWithin({ imageId, storeId }: Finding, scope: PassScope): boolean {
  return (scope.imageId === null || scope.imageId === imageId) && (scope.storeId === null || scope.storeId === storeId)
}
