import { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../../errors/error.ts'
import type { ByteRange } from '../../../ports/blob-store.ts'
import { describeNetworkError } from './errors.ts'
import type { Target } from './target.ts'

export interface ReadOptions {
  readonly storeId: string
  readonly range?: ByteRange
  /** How often a read that breaks off goes on from where it was. */
  readonly retries: number
  readonly signal?: AbortSignal
}

/**
 * Opens an image's data. The stream is exactly as long as the range, or fails.
 * @throws blob_not_found, blob_truncated, store_unavailable
 */
export async function openImage(target: Target, options: ReadOptions): Promise<Readable> {
  const { offset = 0, length } = options.range ?? {}
  const first = await fetchFrom(target, { ...options, offset, length })
  const announced = first.sizeBytes
  const expectedBytes = length ?? announced
  return Readable.from(pieces(target, { ...options, offset, first: first.body, expectedBytes }), {
    objectMode: false,
    highWaterMark: 256 * 1024,
  })
}

interface PieceOptions extends ReadOptions {
  readonly offset: number
  readonly first: Readable
  /** Undefined: Swift does not tell the size of very many segments. */
  readonly expectedBytes: number | undefined
}

async function* pieces(target: Target, options: PieceOptions): AsyncGenerator<Buffer> {
  const { storeId, offset, expectedBytes, retries, signal } = options
  let readBytes = 0
  let body: Readable | undefined = options.first
  for (let attempt = 0; ; attempt += 1) {
    let failure: unknown
    try {
      body ??= (await fetchFrom(target, { ...options, ...rest(offset, { readBytes, expectedBytes }) })).body
      for await (const chunk of body as AsyncIterable<Buffer>) {
        readBytes += chunk.length
        yield chunk
      }
      if (expectedBytes === undefined || readBytes === expectedBytes) return
      failure = new GlimpseError('blob_truncated', { store: storeId, expectedBytes, readBytes })
    } catch (error) {
      failure = error
    }
    signal?.throwIfAborted()
    body = undefined
    if (attempt >= retries) throw translate(failure, storeId)
  }
}

function rest(offset: number, { readBytes, expectedBytes }: { readBytes: number; expectedBytes: number | undefined }) {
  return { offset: offset + readBytes, length: expectedBytes === undefined ? undefined : expectedBytes - readBytes }
}

async function fetchFrom(
  { client, place }: Target,
  { storeId, offset, length, signal }: ReadOptions & { offset: number; length: number | undefined },
): Promise<{ body: Readable; sizeBytes: number | undefined }> {
  if (length === 0) return { body: Readable.from([]), sizeBytes: 0 }
  const range = { range: `bytes=${offset}-${length === undefined ? '' : offset + length - 1}` }
  const isAll = offset === 0 && length === undefined
  const answer = await client.getObject(place, { ...(isAll ? {} : range), ...(signal && { signal }) })
  if (answer.status === 404) throw new GlimpseError('blob_not_found', { store: storeId })
  if (answer.status === 416) {
    throw new GlimpseError('blob_truncated', { store: storeId, expectedBytes: length ?? 1, readBytes: 0 })
  }
  const announced = answer.headers['content-length']
  return { body: answer.body, sizeBytes: announced === undefined ? undefined : Number(announced) }
}

function translate(error: unknown, store: string): GlimpseError {
  if (error instanceof GlimpseError && !hasCode(error, 'blob_not_found')) return error
  const reason = hasCode(error, 'blob_not_found') ? 'the data went away' : describeNetworkError(error)
  return new GlimpseError('store_unavailable', { store, reason }, { cause: error })
}
