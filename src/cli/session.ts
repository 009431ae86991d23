import type { Http } from './http.ts'
import type { Settings } from './settings.ts'

/** Where the image service is, and what to prove oneself with. */
export interface Session {
  /** Address of the image service without a version and without a slash at its end. */
  readonly endpoint: string
  /** Absent where the service asks for none. */
  readonly token?: string
}

interface CatalogEntry {
  readonly type: string
  readonly endpoints: readonly { readonly interface: string; readonly region: string | null; readonly url: string }[]
}

const localEndpoint = 'http://127.0.0.1:9292'

/** Opens a session: without authentication, with a token as given, or with a token from Keystone v3 and its catalog. */
export async function openSession(settings: Settings, http: Http): Promise<Session> {
  if (settings.authType === 'none') return { endpoint: openEndpoint(settings) }
  const override = settings.image_endpoint_override ?? settings.endpoint
  if (settings.authType === 'token_endpoint') {
    if (!override || !settings.token)
      throw new Error('Authentication of type token_endpoint needs an endpoint and a token.')
    return { endpoint: withoutVersion(override), token: settings.token }
  }
  const { token, catalog } = await authenticate(settings, http)
  return { endpoint: withoutVersion(override ?? findEndpoint(catalog, settings)), token }
}

/** Address of a service that asks for no authentication: the one set, or this machine's. */
export function openEndpoint(settings: Settings): string {
  return withoutVersion(settings.endpoint ?? settings.image_endpoint_override ?? localEndpoint)
}

async function authenticate(
  settings: Settings,
  http: Http,
): Promise<{ token: string; catalog: readonly CatalogEntry[] }> {
  if (!settings.auth_url)
    throw new Error('The address of Keystone is missing: set OS_AUTH_URL or auth_url in clouds.yaml.')
  const base = settings.auth_url.replace(/\/+$/, '').replace(/\/v(2\.0|3)$/, '')
  const response = await http.send(`${base}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth: { identity: identity(settings), ...scope(settings) } }),
  })
  const token = response.headers['x-subject-token']
  if (typeof token !== 'string') throw new Error(`${base} gave no token; is that a Keystone?`)
  const body = (await response.body.json()) as { token: { catalog?: readonly CatalogEntry[] } }
  return { token, catalog: body.token.catalog ?? [] }
}

function identity(settings: Settings): object {
  if (settings.authType === 'token') return { methods: ['token'], token: { id: need(settings, 'token') } }
  if (settings.authType === 'password') {
    return { methods: ['password'], password: { user: { ...user(settings), password: need(settings, 'password') } } }
  }
  const secret = need(settings, 'application_credential_secret')
  const { application_credential_id: id, application_credential_name: name } = settings
  const credential = id
    ? { id, secret }
    : { name: name ?? need(settings, 'application_credential_id'), secret, user: user(settings) }
  return { methods: ['application_credential'], application_credential: credential }
}

function user(settings: Settings): object {
  if (settings.user_id) return { id: settings.user_id }
  return { name: need(settings, 'username'), domain: domain(settings, 'user') }
}

/** An application credential has its scope already; with none given Keystone takes the user's default project. */
function scope(settings: Settings): object {
  if (settings.authType === 'application_credential') return {}
  if (settings.trust_id) return { scope: { 'OS-TRUST:trust': { id: settings.trust_id } } }
  if (settings.system_scope) return { scope: { system: { all: true } } }
  if (settings.project_id) return { scope: { project: { id: settings.project_id } } }
  if (settings.project_name) {
    return { scope: { project: { name: settings.project_name, domain: domain(settings, 'project') } } }
  }
  if (settings.domain_id) return { scope: { domain: { id: settings.domain_id } } }
  if (settings.domain_name) return { scope: { domain: { name: settings.domain_name } } }
  return {}
}

function domain(settings: Settings, of: 'user' | 'project'): object {
  const id = settings[`${of}_domain_id`]
  const name = settings[`${of}_domain_name`]
  if (id) return { id }
  return name ? { name } : { id: settings.default_domain ?? 'default' }
}

function need(settings: Settings, name: keyof Settings & string): string {
  const value = settings[name as 'token']
  if (value) return value
  throw new Error(
    `The ${name.replaceAll('_', ' ')} is missing: set OS_${name.toUpperCase()} or ${name} in clouds.yaml.`,
  )
}

function findEndpoint(catalog: readonly CatalogEntry[], settings: Settings): string {
  const kind = (settings.interface ?? 'public').replace(/URL$/, '')
  const all = catalog.filter((entry) => entry.type === 'image').flatMap((entry) => entry.endpoints)
  const found = all.find((e) => e.interface === kind && (!settings.region_name || e.region === settings.region_name))
  if (found) return found.url
  const where = settings.region_name ? ` in region ${settings.region_name}` : ''
  const known = all.map((e) => `${e.interface} in ${e.region ?? 'no region'}`).join(', ')
  throw new Error(`The catalog has no ${kind} endpoint of an image service${where}; it has ${known || 'none at all'}.`)
}

function withoutVersion(endpoint: string): string {
  const url = /^https?:\/\//.test(endpoint) ? endpoint : `http://${endpoint}`
  if (!URL.canParse(url)) throw new Error(`${endpoint} is no address of an image service.`)
  return url.replace(/\/+$/, '').replace(/\/v2(\.\d+)?$/, '')
}
