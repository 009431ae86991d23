import { type Dispatcher, request } from 'undici'
import { GlimpseError } from '../../../errors/error.ts'
import { v3Url } from '../../identity/keystone-account.ts'
import { describeNetworkError } from './errors.ts'
import type { Reference } from './references.ts'

interface Endpoint {
  readonly interface: string
  readonly region?: string
  readonly region_id?: string
  readonly url: string
}

export interface CatalogEntry {
  readonly type: string
  readonly endpoints: readonly Endpoint[]
}

/** What Keystone says of a token. */
interface TokenBody {
  readonly expires_at: string
  readonly user: { readonly id: string }
  readonly project?: { readonly id: string }
  readonly roles?: readonly { readonly id: string }[]
  readonly catalog?: readonly CatalogEntry[]
}

export interface Token {
  readonly value: string
  readonly expiresAtMs: number
  readonly userId: string
  /** Empty for a token without a project. */
  readonly projectId: string
  readonly catalog: readonly CatalogEntry[]
}

/** Lets one user act for another. */
interface Trust {
  readonly authAddress: string
  readonly trustorToken: string
  readonly trusteeUserId: string
}

/** A trust that its maker did not live to remove ends by itself. */
const trustLifetimeMs = 7 * 24 * 3600_000

/** The calls on Keystone's API v3 that the store makes. All throw store_unavailable. */
export class Keystone {
  readonly #dispatcher: Dispatcher
  readonly #storeId: string

  constructor({ dispatcher, storeId }: { dispatcher: Dispatcher; storeId: string }) {
    this.#dispatcher = dispatcher
    this.#storeId = storeId
  }

  /** A token of that account, or, with `trustId`, of the user who trusts it. */
  async logIn({ authAddress, credentials }: Reference, { trustId }: { trustId?: string } = {}): Promise<Token> {
    const scope = trustId === undefined ? undefined : { 'OS-TRUST:trust': { id: trustId } }
    const { json, token } = await this.#call(authAddress, {
      method: 'POST',
      path: '/auth/tokens',
      body: { auth: authBody(credentials, { scope, storeId: this.#storeId }) },
    })
    const body = (json as { token: TokenBody }).token
    if (token === undefined) throw this.#unavailable('Keystone gives no token')
    return {
      value: token,
      expiresAtMs: Date.parse(body.expires_at),
      userId: body.user.id,
      projectId: body.project?.id ?? '',
      catalog: body.catalog ?? [],
    }
  }

  /** The services that the token's project has. */
  async catalog(authAddress: string, token: string): Promise<readonly CatalogEntry[]> {
    const { json } = await this.#call(authAddress, { method: 'GET', path: '/auth/catalog', token })
    return (json as { catalog: readonly CatalogEntry[] }).catalog
  }

  /** Makes a trust from the token's user, with all his roles in its project. @returns its id */
  async createTrust({ authAddress, trustorToken, trusteeUserId }: Trust): Promise<string> {
    const { json } = await this.#call(authAddress, {
      method: 'GET',
      path: '/auth/tokens?nocatalog',
      token: trustorToken,
      subject: trustorToken,
    })
    const { user, project, roles = [] } = (json as { token: TokenBody }).token
    const trust = {
      trustor_user_id: user.id,
      trustee_user_id: trusteeUserId,
      project_id: project?.id,
      impersonation: true,
      roles: roles.map(({ id }) => ({ id })),
      expires_at: new Date(Date.now() + trustLifetimeMs).toISOString(),
    }
    const made = await this.#call(authAddress, {
      method: 'POST',
      path: '/OS-TRUST/trusts',
      token: trustorToken,
      body: { trust },
    })
    return (made.json as { trust: { id: string } }).trust.id
  }

  async deleteTrust(authAddress: string, { id, token }: { id: string; token: string }): Promise<void> {
    await this.#call(authAddress, { method: 'DELETE', path: `/OS-TRUST/trusts/${id}`, token })
  }

  async #call(
    authAddress: string,
    call: { method: 'GET' | 'POST' | 'DELETE'; path: string; token?: string; subject?: string; body?: object },
  ): Promise<{ json: unknown; token: string | undefined }> {
    try {
      const { statusCode, headers, body } = await request(v3Url(authAddress) + call.path, {
        method: call.method,
        dispatcher: this.#dispatcher,
        headers: {
          'content-type': 'application/json',
          ...(call.token !== undefined && { 'x-auth-token': call.token }),
          ...(call.subject !== undefined && { 'x-subject-token': call.subject }),
        },
        ...(call.body && { body: JSON.stringify(call.body) }),
      })
      const text = await body.text()
      if (statusCode >= 300) throw this.#unavailable(`Keystone answers ${statusCode}`)
      const token = headers['x-subject-token']
      return { json: text === '' ? undefined : JSON.parse(text), token: typeof token === 'string' ? token : undefined }
    } catch (error) {
      if (error instanceof GlimpseError) throw error
      throw this.#unavailable(`Keystone: ${describeNetworkError(error)}`, error)
    }
  }

  #unavailable(reason: string, cause?: unknown): GlimpseError {
    return new GlimpseError('store_unavailable', { store: this.#storeId, reason }, cause === undefined ? {} : { cause })
  }
}

function authBody(
  credentials: Reference['credentials'],
  { scope, storeId }: { scope: object | undefined; storeId: string },
): object {
  if ('applicationCredential' in credentials) {
    const identity = {
      methods: ['application_credential'],
      application_credential: credentials.applicationCredential,
    }
    return { identity, ...(scope && { scope }) }
  }
  const { user, key, userDomain, projectDomain } = credentials
  const [projectName, name, ...more] = user.split(':')
  if (!projectName || !name || more.length > 0) {
    throw new GlimpseError('store_unavailable', { store: storeId, reason: 'a user is not of the form project:user' })
  }
  return {
    identity: { methods: ['password'], password: { user: { name, domain: userDomain, password: key } } },
    scope: scope ?? { project: { name: projectName, domain: projectDomain } },
  }
}

export interface EndpointChoice {
  readonly serviceType: string
  /** `publicURL`, `internalURL` or `adminURL`. */
  readonly endpointType: string
  readonly region: string | null
}

/** The URL of the service in the catalog; undefined if there is none. */
export function findEndpoint(catalog: readonly CatalogEntry[], choice: EndpointChoice): string | undefined {
  const face = choice.endpointType.replace(/URL$/, '')
  return catalog
    .filter(({ type }) => type === choice.serviceType)
    .flatMap(({ endpoints }) => endpoints)
    .find((it) => it.interface === face && (!choice.region || (it.region_id ?? it.region) === choice.region))
    ?.url.replace(/\/+$/, '')
}

/** The origins of all endpoints of services of that type. */
export function originsOf(catalog: readonly CatalogEntry[], serviceType: string): ReadonlySet<string> {
  const endpoints = catalog.filter(({ type }) => type === serviceType).flatMap((entry) => entry.endpoints)
  return new Set(endpoints.filter(({ url }) => URL.canParse(url)).map(({ url }) => new URL(url).origin))
}
