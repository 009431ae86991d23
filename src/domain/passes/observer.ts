import type { PassCounts, PassState, ProgramName } from '../../ports/passes.ts'

/** Sees what passes do, for metrics. */
export interface PassObserver {
  step(event: { program: ProgramName; outcome: 'done' | 'failed'; counts: PassCounts }): void
  /** A finding that no pass has seen before, or not lately. */
  found(event: { program: ProgramName; kind: string }): void
  /** A pass has ended in this process; `open` are the numbers of open findings by kind. */
  ended(event: { program: ProgramName; state: PassState; open: Readonly<Record<string, number>> }): void
}

export const unobserved: PassObserver = { step() {}, found() {}, ended() {} }
