import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Image, ImageLocation } from '../../ports/image.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { nodeHashName } from '../data/hash-names.ts'
import { receive } from '../data/receive.ts'
import type { StepTools } from '../passes/program.ts'
import { type AuditKind, auditKinds } from './kinds.ts'

/** What is wrong with a blob. */
export interface Fault {
  readonly kind: AuditKind
  readonly detail: string
}

export interface CheckOptions {
  readonly digests: DigestPool
  /** Read the data as well. */
  readonly readsData: boolean
  readonly tools: Pick<StepTools, 'admit' | 'signal' | 'count'>
}

/** The digest that the data of an image must have; undefined if nobody has computed one that this system can. */
export function expectedDigest(image: Image): { readonly algorithm: string; readonly value: string } | undefined {
  const { osHashAlgo, osHashValue, checksum } = image
  const algorithm = osHashAlgo === null ? undefined : nodeHashName(osHashAlgo)
  if (algorithm !== undefined && osHashValue) return { algorithm, value: osHashValue }
  return checksum ? { algorithm: 'md5', value: checksum } : undefined
}

/** Compares the data at a location with what the image says. @returns undefined if all is well */
export async function checkBlob(
  { image, location, store }: { image: Image; location: ImageLocation; store: BlobStore },
  options: CheckOptions,
): Promise<Fault | undefined> {
  const { tools, readsData } = options
  const isForeign = store.capabilities.manyServers === true
  try {
    // Without the signal, whose every use would be remembered until it fires; the guard bounds the call.
    const sizeBytes = await store.size(location.url)
    // Servers of others need not tell a size.
    const isKnown = image.sizeBytes !== null && !(isForeign && sizeBytes === 0)
    if (isKnown && sizeBytes !== image.sizeBytes) {
      return { kind: auditKinds.size, detail: `the blob has ${sizeBytes} bytes, the image ${image.sizeBytes}` }
    }
    if (readsData && !isForeign) return await checkDigest({ image, location, store }, options)
    return undefined
  } catch (error) {
    tools.signal.throwIfAborted()
    return faultOf(error, { store, isForeign })
  }
}

async function checkDigest(
  { image, location, store }: { image: Image; location: ImageLocation; store: BlobStore },
  { tools, digests }: CheckOptions,
): Promise<Fault | undefined> {
  const expected = expectedDigest(image)
  if (expected === undefined) {
    tools.count('without_digest')
    return undefined
  }
  const body = await store.open(location.url, { range: { offset: 0 } })
  const { digests: found } = await receive(body, {
    writer: { write: (chunk) => tools.admit({ bytes: chunk.length }) },
    digests,
    algorithms: [expected.algorithm],
    sizeBytes: null,
    checkSize() {},
    signal: tools.signal,
  })
  if (found[0] === expected.value) return undefined
  return { kind: auditKinds.corrupt, detail: `the ${expected.algorithm} of the data is ${found[0]}` }
}

function faultOf(error: unknown, { store, isForeign }: { store: BlobStore; isForeign: boolean }): Fault {
  if (!(error instanceof GlimpseError)) throw error
  if (hasCode(error, 'blob_not_found')) {
    // Where data lies in accounts of projects, what the service may not see looks like what is not there.
    if (store.setReaders) return { kind: auditKinds.notChecked, detail: 'the data lies in the account of a project' }
    return { kind: auditKinds.missing, detail: 'the store has no such blob' }
  }
  if (hasCode(error, 'blob_truncated')) return { kind: auditKinds.corrupt, detail: error.message }
  if (error.status === 503 && !isForeign) return { kind: auditKinds.storeUnavailable, detail: error.message }
  return { kind: auditKinds.notChecked, detail: error.message }
}
