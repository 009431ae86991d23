import { Readable } from 'node:stream'
import { HttpFailure } from '../http.ts'
import { type Image, type ImageClient, setOperations } from '../image/client.ts'
import { Progress } from '../progress.ts'
import { verified } from './data.ts'
import { dataDifferences, settable, settableDifferences } from './fields.ts'
import { labelOf } from './report.ts'
import { leftOutOf, progressOf, type Run } from './run.ts'

/** The image with that ID, or undefined if there is none that the caller may see. */
export async function findImage(client: ImageClient, id: string): Promise<Image | undefined> {
  try {
    return await client.show(id)
  } catch (error) {
    if (error instanceof HttpFailure && error.status === 404) return undefined
    throw error
  }
}

/**
 * Makes the image at the target, under its ID and with its data. `queued` is one that waits there for its data, as an image
 * does whose copy has failed: a deleted one would keep its ID from ever being used again. Size and digest are checked on the
 * way, and by what the target has got.
 * @throws if the ID is taken by an image that the caller does not see
 */
export async function placeImage(
  target: ImageClient,
  image: Image,
  { run, queued, open }: { run: Run; queued: Image | undefined; open: () => Promise<AsyncIterable<Buffer>> },
): Promise<void> {
  const leftOut = leftOutOf(run)
  // A protected image cannot be deleted, should it have to be.
  const { protected: guarded, ...values } = settable(image, leftOut)
  if (queued) await updateImage(target, { source: image, target: queued, leftOut: new Set([...leftOut, 'protected']) })
  else await create(target, values)
  await upload(target, image, show(image, run, await chunksOf(image, open, run)))
  const [difference] = dataDifferences(image, await target.show(image.id), leftOut)
  if (difference) {
    await target.delete(image.id)
    const { key, source, target: found } = difference
    throw new Error(`The target had got other data and has been deleted there: its ${key} was ${found}, not ${source}.`)
  }
  if (guarded) await target.update(image.id, [{ op: 'replace', path: '/protected', value: true }])
}

async function create(target: ImageClient, values: Record<string, unknown>): Promise<void> {
  try {
    await target.create(values)
  } catch (error) {
    if (!(error instanceof HttpFailure && error.status === 409)) throw error
    throw new Error(
      'The target does not show an image with this ID and yet refuses to make one: it belongs to somebody whose images this account does not see, or was deleted there.',
      { cause: error },
    )
  }
}

/** What is wrong with the data is told as it is, not as a request without an answer. */
async function upload(target: ImageClient, image: Image, chunks: AsyncIterable<Buffer>): Promise<void> {
  const failures: unknown[] = []
  async function* watched(): AsyncGenerator<Buffer> {
    try {
      yield* chunks
    } catch (error) {
      failures.push(error)
      throw error
    }
  }
  try {
    const data = Readable.from(watched(), { objectMode: false })
    await target.upload(image.id, data, { sizeBytes: image.size ?? undefined })
  } catch (error) {
    throw failures[0] ?? error
  }
}

async function chunksOf(
  image: Image,
  open: () => Promise<AsyncIterable<Buffer>>,
  { config }: Run,
): Promise<AsyncIterable<Buffer>> {
  // Services answer that there is nothing to download.
  if (image.size === 0) return Readable.from([])
  return verified(await open(), image, { chunkBytes: config.chunksize })
}

async function* show(image: Image, run: Run, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const output = progressOf(image, run)
  if (!output) return yield* chunks
  const progress = new Progress({ label: 'copying', totalBytes: image.size ?? undefined, output })
  try {
    yield* progress.meter(chunks)
  } finally {
    progress.finish()
  }
}

/** Gives the target what users have set at the source. @returns the names of what was changed */
export async function updateImage(
  client: ImageClient,
  { source, target, leftOut }: { source: Image; target: Image; leftOut: ReadonlySet<string> },
): Promise<string[]> {
  const differences = settableDifferences(source, target, leftOut)
  if (differences.length === 0) return []
  const values = Object.fromEntries(differences.map(({ key, source }) => [key, source]))
  await client.update(target.id, setOperations(target, values))
  return differences.map(({ key }) => key)
}

/**
 * Brings an image that the target has up to date. Its data is never replaced.
 * @throws if the data is not the same
 */
export async function refreshImage(client: ImageClient, images: { source: Image; target: Image }, run: Run) {
  const { report } = run
  const leftOut = leftOutOf(run)
  const changed = await updateImage(client, { ...images, leftOut })
  if (changed.length > 0) report.say(`${labelOf(images.source)}: metadata has changed: ${changed.join(', ')}`)
  const [difference] = dataDifferences(images.source, images.target, leftOut)
  if (difference) {
    const { key, source, target } = difference
    throw new Error(`Its data differs: ${key} is ${source} at the source, ${target} at the target.`)
  }
  report.count(changed.length > 0 ? 'updated' : 'unchanged')
}
