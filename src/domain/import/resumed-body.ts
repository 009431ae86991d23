import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { GlimpseError } from '../../errors/error.ts'
import { ResumingRead } from '../data/resuming-read.ts'

export interface ResumedBodyOptions {
  /** Where the first stream begins in the data. */
  readonly offsetBytes: number
  /** Opens the data from there on; undefined if it is no longer the same, or cannot be had in part. */
  readonly openFrom: (offsetBytes: number) => Promise<Readable | undefined>
  readonly signal: AbortSignal
  readonly firstPauseMs?: number
}

/** So often nothing may come between two failures. */
const mostFailures = 4
/** Longest time of a transfer, with all that it is gone on with. */
const longestMs = 24 * 3_600_000

/**
 * The data to its end, although sources break off: each time the rest is opened, after a pause that grows as long as
 * nothing comes. It fails with `fetch_failed` when nothing more can be had, or with the error of opening.
 */
export function resumedBody(first: Readable, options: ResumedBodyOptions): Readable {
  const { offsetBytes, openFrom, signal, firstPauseMs = 250 } = options
  const startedAt = performance.now()
  let failures = 0
  let reachedBytes = 0
  const body = new ResumingRead(first, {
    storeId: 'source',
    async openRest(readBytes, failure) {
      failures = readBytes > reachedBytes ? 0 : failures
      reachedBytes = readBytes
      for (;;) {
        signal.throwIfAborted()
        failures += 1
        if (failures > mostFailures || performance.now() - startedAt > longestMs) throw brokenOff(failure)
        await sleep(firstPauseMs * 2 ** (failures - 1) * (0.5 + Math.random() / 2), undefined, { signal })
        try {
          const rest = await openFrom(offsetBytes + readBytes)
          if (rest !== undefined) return rest
        } catch (error) {
          if (!(error instanceof GlimpseError) || error.status !== 503 || failures >= mostFailures) throw error
          continue
        }
        throw brokenOff(failure)
      }
    },
  })
  // It may fail before anybody reads from it, who then finds it closed.
  return body.on('error', () => undefined)
}

/** What the source itself said is kept as the cause, unless it has a code. */
function brokenOff(failure: Error): GlimpseError {
  if (failure instanceof GlimpseError) return failure
  return new GlimpseError('fetch_failed', { reason: 'the source broke off' }, { cause: failure })
}
