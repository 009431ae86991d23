import type { Image, ImageClient } from '../image/client.ts'
import type { ProgressOutput } from '../progress.ts'
import type { ReplicatorConfig } from './options.ts'
import type { Report } from './report.ts'

/** Below this no progress is told where it would stay on the screen. */
const tellFromBytes = 64 * 2 ** 20

/** The services that are read and written. */
export interface Sides {
  readonly source: ImageClient
  readonly target: ImageClient
}

/** What every command of the replicator works with. */
export interface Run {
  readonly config: ReplicatorConfig
  readonly report: Report
  readonly signal: AbortSignal
  /** Where progress is shown. */
  readonly output: ProgressOutput
}

/** The output for the progress of one image, if it is worth it. */
export function progressOf(image: Image, { output }: Run): ProgressOutput | undefined {
  return output.isTTY || (image.size ?? 0) >= tellFromBytes ? output : undefined
}

/** Names in `dontreplicate`. */
export function leftOutOf({ config }: Run): ReadonlySet<string> {
  return new Set(config.dontreplicate.split(/\s+/).filter((name) => name !== ''))
}

/** All images that the caller may see: of every visibility, hidden ones last. */
export async function* allImages(client: ImageClient): AsyncGenerator<Image> {
  for (const query of ['visibility=all', 'visibility=all&os_hidden=true']) {
    yield* client.list(new URLSearchParams(query), { limit: Number.POSITIVE_INFINITY })
  }
}

/**
 * Does `work` for each, going on after one that fails, which is told and counted. Nothing is begun after an interruption.
 * @throws what the signal was aborted with, and what `things` itself throws
 */
export async function forEach<T>(
  things: AsyncIterable<T> | Iterable<T>,
  { report, signal, label }: Pick<Run, 'report' | 'signal'> & { label: (thing: T) => string },
  work: (thing: T) => Promise<void>,
): Promise<void> {
  for await (const thing of things) {
    try {
      await work(thing)
    } catch (error) {
      report.fail(label(thing), error)
    }
    signal.throwIfAborted()
  }
}
