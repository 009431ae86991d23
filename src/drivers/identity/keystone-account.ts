import type { KeystoneAccountConfig, ServiceAccountConfig } from './keystone-options.ts'

/** What the service proves itself to Keystone with. */
export interface KeystoneAccount {
  /** Base of the API, ending in `/v3`. */
  readonly url: string
  /** The body of `POST /auth/tokens`; holds the secret. */
  readonly login: object
}

/** The account for validating tokens: the newer options before the older ones. */
export function keystoneAccount(config: KeystoneAccountConfig): KeystoneAccount {
  const url = config.auth_url ?? legacyUrl(config)
  if (config.auth_type !== null || config.username !== null || config.user_id !== null) {
    return serviceAccount(config, url)
  }
  const domain = { id: 'default' }
  const user = { name: config.admin_user, domain, password: config.admin_password }
  const scope = { project: { name: config.admin_tenant_name, domain } }
  return { url: v3Url(url), login: passwordLogin(user, scope) }
}

/** The account that the options describe, at Keystone's `url`. */
export function serviceAccount(config: ServiceAccountConfig, url: string): KeystoneAccount {
  const login =
    config.auth_type === 'v3applicationcredential'
      ? { auth: { identity: credential(config) } }
      : passwordLogin({ ...userOf(config), password: config.password }, scopeOf(config))
  return { url: v3Url(url), login }
}

function passwordLogin(user: object, scope: object | undefined): object {
  return { auth: { identity: { methods: ['password'], password: { user } }, ...(scope && { scope }) } }
}

/** The base of the API v3 at an address that may name another version or none. */
export function v3Url(url: string): string {
  return `${url.replace(/\/+$/, '').replace(/\/v(2\.0|3)$/, '')}/v3`
}

function legacyUrl(config: KeystoneAccountConfig): string {
  if (config.identity_uri !== null) return config.identity_uri
  const host = config.auth_host.includes(':') ? `[${config.auth_host}]` : config.auth_host
  return `${config.auth_protocol}://${host}:${config.auth_port}/${config.auth_admin_prefix.replace(/^\/+/, '')}`
}

function credential(config: ServiceAccountConfig): object {
  const { application_credential_id: id, application_credential_name: name } = config
  const which = id === null ? { name, user: userOf(config) } : { id }
  return {
    methods: ['application_credential'],
    application_credential: { ...which, secret: config.application_credential_secret },
  }
}

function userOf(config: ServiceAccountConfig): object {
  if (config.user_id !== null) return { id: config.user_id }
  const domain = domainOf(config, { id: config.user_domain_id, name: config.user_domain_name })
  return { name: config.username, domain }
}

function scopeOf(config: ServiceAccountConfig): object | undefined {
  if (config.trust_id !== null) return { 'OS-TRUST:trust': { id: config.trust_id } }
  if (config.system_scope === 'all') return { system: { all: true } }
  if (config.project_id !== null) return { project: { id: config.project_id } }
  if (config.project_name !== null) {
    const domain = domainOf(config, { id: config.project_domain_id, name: config.project_domain_name })
    return { project: { name: config.project_name, domain } }
  }
  if (config.domain_id !== null) return { domain: { id: config.domain_id } }
  if (config.domain_name !== null) return { domain: { name: config.domain_name } }
  return undefined
}

function domainOf(config: ServiceAccountConfig, { id, name }: { id: string | null; name: string | null }): object {
  if (id !== null) return { id }
  if (name !== null) return { name }
  if (config.default_domain_id !== null) return { id: config.default_domain_id }
  if (config.default_domain_name !== null) return { name: config.default_domain_name }
  return { id: 'default' }
}
