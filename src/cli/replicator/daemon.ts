import { setTimeout as sleep } from 'node:timers/promises'
import type { Image } from '../image/client.ts'
import { copyOne } from './livecopy.ts'
import { labelOf } from './report.ts'
import { allImages, allPairs, leftOutOf, type Run, type Sides } from './run.ts'
import { SyncState } from './sync-state.ts'

export interface DaemonOptions {
  /** Conditions of the image list, in the words of the API. */
  readonly filter: Readonly<Record<string, string>>
  /** Between two rounds. */
  readonly intervalMs: number
  /** For how long an image that was the same in both services is taken to be so. */
  readonly recheckMs: number
  /** Images at the same time. */
  readonly parallel: number
  readonly isOnce: boolean
  /** Undefined: what is known is forgotten with the process. */
  readonly statePath: string | undefined
  /** Names the two services: what is remembered of others is of no use. */
  readonly places: string
}

/**
 * Copies what the source has and the target lacks, round by round, until the signal is aborted. A round asks the target only for
 * images that are new or have changed since they were last found the same; one that fails is tried again by the next.
 */
export async function replicate(sides: Sides, { run, options }: { run: Run; options: DaemonOptions }): Promise<void> {
  const { report, signal } = run
  const { statePath: path, places, recheckMs, isOnce, intervalMs } = options
  const state = await SyncState.open({ path, places, recheckMs, leftOut: leftOutOf(run) })
  try {
    for (;;) {
      report.reset()
      await round(sides, { run, options, state })
      if (isOnce) return
      report.detail(`round: ${report.summary()}`)
      await sleep(intervalMs, undefined, { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
    // A daemon that is told to stop has done what it was asked.
    report.reset()
  } finally {
    await state.save()
  }
}

interface Round {
  readonly run: Run
  readonly options: DaemonOptions
  readonly state: SyncState
}

async function round(sides: Sides, { run, options, state }: Round): Promise<void> {
  const { report, signal } = run
  const changed = changedImages(allImages(sides.source, options.filter), { run, state })
  const pairs = allPairs(sides, changed)
  const work = async () => {
    for (;;) {
      const { value: pair, done } = await pairs.next()
      if (done) return
      try {
        if (await copyOne(pair, sides, run)) state.isSame(pair.image)
      } catch (error) {
        signal.throwIfAborted()
        report.fail(labelOf(pair.image), error)
      }
      await state.saveSometimes()
    }
  }
  const ends = await Promise.allSettled(Array.from({ length: options.parallel }, work))
  signal.throwIfAborted()
  const failed = ends.find((end) => end.status === 'rejected')
  if (failed) report.fail('the round has ended early', failed.reason)
  else state.forgetUnseen()
  await state.save()
}

/** Passes over images that are known to be the same in both services. */
async function* changedImages(
  images: AsyncIterable<Image>,
  { run, state }: Pick<Round, 'run' | 'state'>,
): AsyncGenerator<Image> {
  for await (const image of images) {
    if (state.see(image)) run.report.count('unchanged')
    else yield image
  }
}
