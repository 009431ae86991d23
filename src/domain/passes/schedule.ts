import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../ports/logger.ts'
import type { PassScope } from '../../ports/passes.ts'
import type { Passes } from './passes.ts'
import type { Program } from './program.ts'

/** A pass that is due begins at most so much later. */
const longestLookMs = 10_000

export interface ScheduleOptions {
  readonly scope: PassScope
  /** From the begin of one pass to that of the next; one that takes longer is not overtaken. */
  readonly intervalMs: number
  readonly log: Logger
  readonly signal: AbortSignal
}

/** Has a pass of the program begin whenever it is due, once over all processes that do the same. Never throws. */
export async function keepStarting(passes: Passes, program: Program, options: ScheduleOptions): Promise<void> {
  const { scope, intervalMs, log, signal } = options
  const lookMs = Math.min(intervalMs, longestLookMs)
  while (!signal.aborted) {
    try {
      await passes.endThoseDone(program)
      await passes.startIfDue(program.name, { scope, intervalMs })
    } catch (error) {
      log.warn({ err: error, program: program.name }, 'no pass could be begun')
    }
    await sleep(lookMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {})
  }
}
