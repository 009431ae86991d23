import type { FetchedData, FetchFrom } from '../../ports/fetcher.ts'
import type { ImportSource } from './import-source.ts'
import { resumedBody } from './resumed-body.ts'

/** Opens data of the web, from its beginning or from elsewhere. */
export type OpenFetch = (from?: FetchFrom) => Promise<FetchedData>

/**
 * Data of the web that is gone on with by range when its server breaks off, if it can be told that it is still the same.
 * @throws what `open` throws
 */
export async function resumedFetch(open: OpenFetch, { signal }: { signal: AbortSignal }): Promise<ImportSource> {
  const { body, sizeBytes, validator } = await open()
  const openFrom = async (offsetBytes: number) => {
    if (validator === null || sizeBytes === null) return undefined
    const rest = await open({ offsetBytes, validator })
    if (rest.offsetBytes === offsetBytes && rest.sizeBytes === sizeBytes) return rest.body
    rest.body.on('error', () => undefined).destroy()
    return undefined
  }
  return { body: resumedBody(body, { offsetBytes: 0, openFrom, signal }), sizeBytes }
}
