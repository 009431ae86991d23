import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BegunWrite } from '../../ports/blob-store.ts'
import type { Fetcher } from '../../ports/fetcher.ts'
import type { Delegation } from '../../ports/identity.ts'
import type { Image } from '../../ports/image.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { ImportInput } from './import-request.ts'
import { findRemote, type RemoteMetadata } from './remote-image.ts'
import { resumedBody } from './resumed-body.ts'
import { type FetchHistory, type FetchMark, resumedFetch } from './resumed-fetch.ts'
import type { StagingArea } from './staging-area.ts'

export interface SourceOptions {
  readonly stores: StoreSet
  readonly staging: StagingArea
  readonly fetcher: Fetcher
  /** Undefined: there are no tokens. */
  readonly delegation: Delegation | undefined
  /** `[glance_download_properties] extra_properties` */
  readonly remotePrefixes: readonly string[]
}

/** The data, and what the image takes over from its source. */
export interface ImportSource {
  /** Goes on by itself, where its source allows, when that breaks off. */
  readonly body: Readable
  /** Null: unknown before the end. */
  readonly sizeBytes: number | null
  readonly metadata?: RemoteMetadata
  /** By which a later attempt can tell that the data is the same. */
  readonly mark?: FetchMark
  /** Where the beginning of the data is read from: to be discarded when all is stored, else released. */
  readonly begun?: BegunWrite
}

interface OpenOptions {
  readonly signal: AbortSignal
  /** Of data from the web. */
  readonly history: FetchHistory
}

/**
 * Opens the data that an import is about.
 * @throws import_failed where there is none, url_refused, fetch_refused, fetch_failed, store_unavailable
 */
export async function openSource(
  image: Image,
  input: ImportInput,
  options: SourceOptions & OpenOptions,
): Promise<ImportSource> {
  const { fetcher, signal } = options
  switch (input.method) {
    case 'glance-direct':
      return openStaged(image.id, { ...options, host: input.stageHost })
    case 'web-download':
      return resumedFetch((from) => fetcher.open(input.uri ?? '', { signal, ...(from && { from }) }), options)
    case 'copy-image':
      return openCopy(image, options)
    case 'glance-download': {
      if (!input.remote) throw new GlimpseError('import_failed', { reason: 'the order names no image.' })
      const remote = await findRemote(input.remote, { ...options, prefixes: options.remotePrefixes })
      return { ...(await resumedFetch(remote.open, options)), metadata: remote.metadata }
    }
  }
}

async function openStaged(
  imageId: string,
  { staging, host, signal }: { staging: StagingArea; host: string | undefined; signal: AbortSignal },
): Promise<ImportSource> {
  try {
    const sizeBytes = await staging.size(imageId)
    const openFrom = (offset: number) => staging.open(imageId, { signal, range: { offset } })
    return { body: resumedBody(await openFrom(0), { offsetBytes: 0, openFrom, signal }), sizeBytes }
  } catch (error) {
    if (!hasCode(error, 'blob_not_found')) throw error
    const reason = host ? `the staged data is not here, and ${host} does not answer.` : 'the staged data is gone.'
    throw new GlimpseError('import_failed', { reason }, { cause: error })
  }
}

/** The data of the image itself: from the default store if it is there, else from the first store that has it. */
async function openCopy(
  image: Image,
  { stores, signal }: { stores: StoreSet; signal: AbortSignal },
): Promise<ImportSource> {
  const held = image.locations.flatMap((location) => {
    const store = stores.forLocation(location.url, location.metadata)
    return store ? [{ store, url: location.url }] : []
  })
  held.sort((a, b) => Number(b.store === stores.default) - Number(a.store === stores.default))
  const openFrom = async (offset: number) => {
    let missing: unknown
    for (const { store, url } of held) {
      try {
        return await store.open(url, { signal, ...(offset > 0 && { range: { offset } }) })
      } catch (error) {
        if (!hasCode(error, 'blob_not_found')) throw error
        missing = error
      }
    }
    throw new GlimpseError('import_failed', { reason: 'no configured store has the data.' }, { cause: missing })
  }
  const body = resumedBody(await openFrom(0), { offsetBytes: 0, openFrom, signal })
  return { body, sizeBytes: image.sizeBytes }
}
