import { setTimeout as sleep } from 'node:timers/promises'
import type { PassCounts, PassScope, PassStep } from '../../ports/passes.ts'
import type { Journal } from './journal.ts'
import type { PassObserver } from './observer.ts'
import type { Pace } from './pace.ts'
import type { NewFinding, Program, StepTools } from './program.ts'

/** How soon a pause is noticed. */
const pauseCheckMs = 1_000

export interface StepSetting {
  readonly scope: PassScope
  readonly journal: Journal
  readonly pace: Pace
  readonly observer: PassObserver
  readonly signal: AbortSignal
}

/** Runs one step of a pass. @returns what it counted */
export async function runStep(program: Program, step: PassStep, setting: StepSetting): Promise<PassCounts> {
  const { scope, journal, pace, observer, signal } = setting
  const counts: Record<string, number> = {}
  const count = (name: string, by = 1) => {
    if (by !== 0) counts[name] = (counts[name] ?? 0) + by
  }
  let askedAt = Number.NEGATIVE_INFINITY
  const whilePaused = async () => {
    while (performance.now() - askedAt >= pauseCheckMs) {
      if (!(await journal.isPaused(program.name))) askedAt = performance.now()
      else await sleep(pauseCheckMs, undefined, { signal }).catch(() => signal.throwIfAborted())
    }
  }
  const tools: StepTools = {
    passId: journal.passId,
    scope,
    isDryRun: journal.isDryRun,
    signal,
    async admit(amount) {
      await whilePaused()
      await pace.take(amount, signal)
      for (const [name, by] of Object.entries(amount)) count(name, by)
    },
    async see(finding: NewFinding) {
      const { kind, detail, imageId = null, storeId = null, locationId = null, subject = null } = finding
      const seen = await journal.see({ program: program.name, kind, detail, imageId, storeId, locationId, subject })
      count('found')
      if (seen.passes === 1) observer.found({ program: program.name, kind })
      return seen
    },
    settle: (finding, state) => journal.settle(finding, state),
    count,
  }
  await whilePaused()
  await program.run(step, tools)
  return counts
}
