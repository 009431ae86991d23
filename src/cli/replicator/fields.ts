import type { Image } from '../image/client.ts'

/** What the service itself says of an image, whoever made it. */
const ofService: ReadonlySet<string> = new Set([
  ...['self', 'file', 'schema', 'direct_url', 'locations', 'stores', 'status', 'created_at', 'updated_at'],
  ...['size', 'virtual_size', 'checksum', 'os_hash_algo', 'os_hash_value', 'deleted', 'deleted_at'],
])
const reservedPrefix = 'os_glance_'

export interface Difference {
  readonly key: string
  readonly source: unknown
  readonly target: unknown
}

/** The attributes and properties that a copy gets: all that users set, but those left out. */
export function settable(image: Image, leftOut: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(image).filter(
      ([key, value]) =>
        value !== null &&
        value !== undefined &&
        !ofService.has(key) &&
        !key.startsWith(reservedPrefix) &&
        !leftOut.has(key),
    ),
  )
}

/** What users have set at the source and the target lacks or has otherwise; what only the target has is no difference. */
export function settableDifferences(source: Image, target: Image, leftOut: ReadonlySet<string>): Difference[] {
  return differing(Object.keys(settable(source, leftOut)), source, target)
}

/**
 * Facts of the data that differ. A digest is compared with one of its kind only: services may compute different ones.
 * `virtual_size` is not compared, since not every version of the service knows it of every format.
 */
export function dataDifferences(source: Image, target: Image, leftOut: ReadonlySet<string>): Difference[] {
  const keys =
    source.os_hash_algo === target.os_hash_algo ? ['size', 'checksum', 'os_hash_value'] : ['size', 'checksum']
  return differing(
    keys.filter((key) => !leftOut.has(key) && known(source[key]) && known(target[key])),
    source,
    target,
  )
}

function known(value: unknown): boolean {
  return value !== null && value !== undefined
}

function differing(keys: readonly string[], source: Image, target: Image): Difference[] {
  return keys
    .filter((key) => comparable(source[key]) !== comparable(target[key]))
    .map((key) => ({ key, source: source[key], target: target[key] }))
}

/** Tags have no order. */
function comparable(value: unknown): string {
  return JSON.stringify(Array.isArray(value) ? value.map(String).sort() : (value ?? null))
}

/**
 * An image as a dump has it, also one that Glance's own replicator has made with the Image API v1.
 * @throws if it is none
 */
export function parseDump(text: string): Image {
  const meta = JSON.parse(text) as Record<string, unknown> | null
  if (typeof meta?.id !== 'string' || typeof meta.status !== 'string') throw new Error('It describes no image.')
  const { properties, is_public: isPublic, ...base } = meta
  if (typeof properties !== 'object') return meta as unknown as Image
  const visibility = isPublic === true ? 'public' : 'private'
  return { visibility, ...base, ...properties } as unknown as Image
}
