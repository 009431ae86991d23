import type { Finding, FindingRepository, PassCounts, PassScope } from '../../ports/passes.ts'
import { DryJournal } from './journal.ts'
import { unobserved } from './observer.ts'
import type { Pace } from './pace.ts'
import type { Program } from './program.ts'
import { runStep } from './run-step.ts'

export interface DryPassOptions {
  readonly findings: FindingRepository
  readonly pace: Pace
  readonly signal: AbortSignal
  readonly onProgress?: (progress: { doneSteps: number; plannedSteps: number; counts: PassCounts }) => void
}

/** A pass that changes nothing, in the database neither: this process does all of it. */
export async function runDryPass(
  program: Program,
  scope: PassScope,
  options: DryPassOptions,
): Promise<{ counts: PassCounts; findings: readonly Finding[] }> {
  const { findings, pace, signal, onProgress } = options
  const journal = new DryJournal(findings)
  const counts: Record<string, number> = {}
  const steps = await program.plan(scope)
  for (const [i, step] of steps.entries()) {
    signal.throwIfAborted()
    const counted = await runStep(program, step, { scope, journal, pace, observer: unobserved, signal })
    for (const [name, by] of Object.entries(counted)) counts[name] = (counts[name] ?? 0) + by
    onProgress?.({ doneSteps: i + 1, plannedSteps: steps.length, counts })
  }
  return { counts, findings: journal.seen }
}
