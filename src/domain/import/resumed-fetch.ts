import { Readable } from 'node:stream'
import type { BegunWrite } from '../../ports/blob-store.ts'
import type { FetchedData, FetchFrom } from '../../ports/fetcher.ts'
import type { ImportSource } from './import-source.ts'
import { resumedBody } from './resumed-body.ts'

/** Opens data of the web, from its beginning or from elsewhere. */
export type OpenFetch = (from?: FetchFrom) => Promise<FetchedData>

/** Which data an import has begun to fetch. */
export type FetchMark = { readonly validator: string; readonly sizeBytes: number }

/** What is known of earlier attempts, in processes that died. */
export interface FetchHistory {
  /** Undefined: there was none, or its data could not be told from other data. */
  readonly known: FetchMark | undefined
  /** Finds the beginning of the data that they left. */
  begun(): Promise<BegunWrite | undefined>
}

interface FetchContext {
  readonly signal: AbortSignal
  readonly history: FetchHistory
}

/**
 * Data of the web that is gone on with by range when its server breaks off, and where a killed process left off, if it can
 * be told that it is still the same. @throws what `open` throws
 */
export async function resumedFetch(open: OpenFetch, context: FetchContext): Promise<ImportSource> {
  const { known } = context.history
  const begun = known && (await context.history.begun())
  try {
    // The last byte is asked for in any case, and with it whether the data is still the same.
    const offsetBytes = known && begun ? Math.min(begun.sizeBytes, known.sizeBytes - 1) : 0
    const from = known && offsetBytes > 0 ? { offsetBytes, validator: known.validator } : undefined
    const { offsetBytes: reachedBytes, ...rest } = await fetchFrom(open, { ...context, from })
    if (begun && reachedBytes > 0) {
      return { ...rest, body: joined(begun.open({ lengthBytes: reachedBytes }), rest.body), begun }
    }
    await begun?.release()
    return rest
  } catch (error) {
    await begun?.release()
    throw error
  }
}

/** What is to come, wherever that begins. */
async function fetchFrom(
  open: OpenFetch,
  { from, signal }: { from: FetchFrom | undefined; signal: AbortSignal },
): Promise<ImportSource & { offsetBytes: number }> {
  const { body: first, sizeBytes, validator, offsetBytes } = await open(from)
  const mark = validator === null || sizeBytes === null ? undefined : { validator, sizeBytes }
  const openFrom = async (at: number) => {
    if (mark === undefined) return undefined
    const rest = await open({ offsetBytes: at, validator: mark.validator })
    if (rest.offsetBytes === at && rest.sizeBytes === sizeBytes) return rest.body
    rest.body.on('error', () => undefined).destroy()
    return undefined
  }
  const body = resumedBody(first, { offsetBytes, openFrom, signal })
  return { body, sizeBytes, offsetBytes, ...(mark && { mark }) }
}

/** One stream after the other; both end with it. */
function joined(first: Readable, second: Readable): Readable {
  const body = Readable.from(
    (async function* () {
      yield* first as AsyncIterable<Buffer>
      yield* second as AsyncIterable<Buffer>
    })(),
    { objectMode: false, highWaterMark: 2 ** 19 },
  )
  return body.once('close', () => {
    first.destroy()
    second.destroy()
  })
}
