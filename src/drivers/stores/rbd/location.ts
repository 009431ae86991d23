/** Where an image lies. `pool` null: the store's own; `snapshot` null: the image itself. */
export interface RbdLocation {
  readonly pool: string | null
  readonly image: string
  readonly snapshot: string | null
}

/**
 * Reads `rbd://image` or `rbd://fsid/pool/image/snapshot`, whose parts are percent-encoded in the second form only.
 * @returns undefined for anything else
 * @see glance_store `_drivers/rbd.py` `parse_uri`
 */
export function parseLocation(url: string): RbdLocation | undefined {
  const parts = /^rbd:\/\/(.+)$/s.exec(url)?.[1]?.split('/')
  if (parts === undefined || parts.includes('')) return undefined
  if (parts.length === 1) return { pool: null, image: parts[0] as string, snapshot: null }
  if (parts.length !== 4) return undefined
  try {
    const [, pool = '', image = '', snapshot = ''] = parts.map(decodeURIComponent)
    return { pool, image, snapshot }
  } catch {
    return undefined
  }
}

/** @see glance_store `_drivers/rbd.py` `get_uri` */
export function formatLocation(parts: { fsid: string; pool: string; image: string; snapshot: string }): string {
  const { fsid, pool, image, snapshot } = parts
  return `rbd://${[fsid, pool, image, snapshot].map(quote).join('/')}`
}

/** As Python's `urllib.parse.quote` without safe characters, which also encodes `!'()*`. */
function quote(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
