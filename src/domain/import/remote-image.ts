import type { Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'
import type { Fetcher } from '../../ports/fetcher.ts'
import type { Delegation } from '../../ports/identity.ts'
import { reservedNamespace } from '../images/limits.ts'
import type { OpenFetch } from './resumed-fetch.ts'

/** Which image of which other service, and by whose right. */
export type RemoteOrder = {
  readonly region: string
  readonly imageId: string
  /** Kind of endpoint: `public`, `internal`, `admin`. */
  readonly face: string
  readonly sealedToken: string
}

/** What an image takes over from its source. */
export interface RemoteMetadata {
  readonly diskFormat: string | null
  readonly containerFormat: string | null
  readonly properties: Readonly<Record<string, string>>
}

const mostMetadataBytes = 4 * 2 ** 20

/** Fields that every image has: none of them is a property. */
const fields: ReadonlySet<string> = new Set([
  ...['id', 'name', 'status', 'visibility', 'size', 'virtual_size', 'checksum', 'protected', 'min_disk', 'min_ram'],
  ...['owner', 'os_hidden', 'os_hash_algo', 'os_hash_value', 'disk_format', 'container_format', 'created_at'],
  ...['updated_at', 'tags', 'self', 'file', 'schema', 'stores', 'locations', 'direct_url'],
])

/** An image of another service: what is taken over from it, and how its data is opened. */
export interface RemoteImage {
  readonly metadata: RemoteMetadata
  readonly open: OpenFetch
}

/**
 * Finds an image of another Glance, which the catalog names, with the caller's own right to it.
 * @param options `prefixes`: of the names of properties that are taken over
 * @throws import_failed, url_refused, fetch_refused, fetch_failed, identity_unavailable
 * @see glance `async_/flows/_internal_plugins/glance_download.py`, `_ImportMetadata`
 */
export async function findRemote(
  order: RemoteOrder,
  options: {
    fetcher: Fetcher
    delegation: Delegation | undefined
    prefixes: readonly string[]
    signal: AbortSignal
  },
): Promise<RemoteImage> {
  const { fetcher, delegation, prefixes, signal } = options
  const token = delegation?.open(order.sealedToken)
  if (!delegation || token === undefined) fail('this node cannot act for the caller.')
  const endpoint = await delegation.imageEndpoint(token, order)
  if (endpoint === undefined) fail(`the catalog has no image service in region ${order.region}.`)
  const url = `${endpoint.replace(/\/+$/, '')}/v2/images/${order.imageId}`
  const headers = { 'x-auth-token': token }
  const shown = await fetcher.open(url, { signal, headers })
  const image = JSON.parse(await textOf(shown.body)) as Readonly<Record<string, unknown>>
  if (image.status !== 'active') fail(`the status of the source is ${String(image.status)}, not active.`)
  if (typeof image.size !== 'number') fail('the source does not tell its size.')
  const { size: sizeBytes } = image
  const properties = Object.entries(image).filter(
    (entry): entry is [string, string] =>
      typeof entry[1] === 'string' &&
      !fields.has(entry[0]) &&
      !entry[0].startsWith(reservedNamespace) &&
      prefixes.some((prefix) => entry[0].startsWith(prefix)),
  )
  const text = (value: unknown) => (typeof value === 'string' ? value : null)
  const metadata = {
    diskFormat: text(image.disk_format),
    containerFormat: text(image.container_format),
    properties: Object.fromEntries(properties),
  }
  // The data of an image never changes.
  const validator = text(image.os_hash_value) ?? order.imageId
  const open: OpenFetch = async (from) => {
    const part = from?.validator === validator && { from: { ...from, validator: null } }
    return { ...(await fetcher.open(`${url}/file`, { signal, headers, ...part })), sizeBytes, validator }
  }
  return { metadata, open }
}

async function textOf(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostMetadataBytes) fail('what the source says of the image is too long.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function fail(reason: string): never {
  throw new GlimpseError('import_failed', { reason })
}
