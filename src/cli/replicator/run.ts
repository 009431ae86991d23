import type { Image, ImageClient } from '../image/client.ts'
import type { ProgressOutput } from '../progress.ts'
import type { ReplicatorConfig } from './options.ts'
import type { Report } from './report.ts'

/** Below this no progress is told where it would stay on the screen. */
const tellFromBytes = 64 * 2 ** 20

/** Images that the target is asked for at once; their IDs stand in the address. */
const batchSize = 50

/** The services that are read and written. */
export interface Sides {
  readonly source: ImageClient
  readonly target: ImageClient
}

/** An image of the source, and what the target has under its ID; what it does not list counts as absent. */
export interface Pair {
  readonly image: Image
  readonly present: Image | undefined
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

/** All images that the caller may see: of every visibility, hidden ones last; those that fit the filter of the API, if one is given. */
export async function* allImages(
  client: ImageClient,
  filter: Readonly<Record<string, string>> = {},
): AsyncGenerator<Image> {
  for (const hidden of ['false', 'true']) {
    if ((filter.os_hidden ?? hidden) !== hidden) continue
    const query = new URLSearchParams({ visibility: 'all', ...filter, os_hidden: hidden })
    yield* client.list(query, { limit: Number.POSITIVE_INFINITY })
  }
}

/** Images of the source, each with the one that the target has; it is asked for many at once. */
export async function* allPairs({ source, target }: Sides, images = allImages(source)): AsyncGenerator<Pair> {
  for await (const batch of batches(images)) {
    const ids = batch.map(({ id }) => id).join()
    const found = new Map((await Array.fromAsync(allImages(target, { id: `in:${ids}` }))).map((it) => [it.id, it]))
    for (const image of batch) yield { image, present: found.get(image.id) }
  }
}

async function* batches(images: AsyncIterable<Image>): AsyncGenerator<Image[]> {
  let batch: Image[] = []
  for await (const image of images) {
    if (batch.push(image) < batchSize) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
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
