/** Where an object lies: the container and the name in it. */
export interface ObjectPlace {
  readonly container: string
  readonly object: string
}

/** A location as it stands in the database, taken apart. */
export type SwiftLocation = ObjectPlace &
  (
    | { readonly kind: 'reference'; readonly reference: string }
    | {
        readonly kind: 'account'
        /** URL of Keystone, or of the account at Swift where images lie in the accounts of projects. */
        readonly address: string
        /** `project:user` and password, if the location holds them. */
        readonly login: { readonly user: string; readonly key: string } | undefined
      }
  )

export const swiftSchemes = ['swift+https', 'swift', 'swift+http', 'swift+config'] as const

/**
 * Takes a location apart; undefined if it has another form:
 * `swift+config://REFERENCE/CONTAINER/OBJECT`, `swift+http://PROJECT%3AUSER:KEY@HOST/PATH/CONTAINER/OBJECT`, the same with
 * `swift+https` or `swift` (both https), or without a login.
 * @see glance_store `_drivers/swift/store.py` `StoreLocation`
 */
export function parseSwiftLocation(url: string): SwiftLocation | undefined {
  const [, scheme = '', rest = ''] = /^(swift(?:\+https?|\+config)?):\/\/(.*)$/.exec(url) ?? []
  const parts = rest.split('/')
  const object = parts.pop()
  const container = parts.pop()
  const [authority = '', ...path] = parts
  if (!scheme || rest.includes('://') || !object || !container || !authority) return undefined
  if (scheme === 'swift+config') {
    return path.length > 0 ? undefined : { kind: 'reference', reference: authority, container, object }
  }
  const at = authority.lastIndexOf('@')
  const login = at < 0 ? undefined : parseLogin(authority.slice(0, at))
  const host = authority.slice(at + 1)
  if ((at >= 0 && login === undefined) || host === '') return undefined
  const address = `${scheme === 'swift+http' ? 'http' : 'https'}://${[host, ...path].join('/')}`
  return { kind: 'account', address, login, container, object }
}

/** The colon before the key is the last one: user names of the form `project:user` may stand there unquoted. */
function parseLogin(text: string): { user: string; key: string } | undefined {
  const colon = text.lastIndexOf(':')
  if (colon < 0) return undefined
  try {
    return { user: decodeURIComponent(text.slice(0, colon)), key: decodeURIComponent(text.slice(colon + 1)) }
  } catch {
    return undefined
  }
}

export function formatReferenceLocation(reference: string, { container, object }: ObjectPlace): string {
  return `swift+config://${reference}/${container}/${object}`
}

/** With the login where there is one: so the reference writes it where no file of accounts is configured. */
export function formatAccountLocation(
  address: string,
  { container, object, login }: ObjectPlace & { login?: { readonly user: string; readonly key: string } },
): string {
  const scheme = address.startsWith('http://') ? 'swift+http' : 'swift+https'
  const bare = address.replace(/^https?:\/\//, '').replace(/^\/+|\/+$/g, '')
  const credentials = login === undefined ? '' : `${quote(login.user)}:${quote(login.key)}@`
  return `${scheme}://${credentials}${bare}/${container}/${object}`
}

/** As Python's `urllib.parse.quote`, but for the slash, which the reference writes plainly and cannot read again. */
function quote(text: string): string {
  const hex = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  return encodeURIComponent(text).replace(/[!'()*]/g, hex)
}
