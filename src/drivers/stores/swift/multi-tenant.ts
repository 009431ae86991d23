import { GlimpseError } from '../../../errors/error.ts'
import { SwiftClient } from './client.ts'
import type { Connection } from './connection.ts'
import { AccountCredentials, ChainedCredentials, type Credentials, fixedToken } from './credentials.ts'
import { type CatalogEntry, findEndpoint, originsOf } from './keystone.ts'
import { formatAccountLocation, type ObjectPlace, parseSwiftLocation } from './location.ts'
import type { Reference } from './references.ts'
import type { AccountOptions, Accounts, Target } from './target.ts'
import { Trust } from './trust.ts'

/** Endpoints change rarely. */
const catalogLifetimeMs = 300_000
const maxCatalogs = 1000

export interface ProjectAccountsOptions {
  /** Keystone's URL; null if it is not known: then `swift_store_endpoint` must be set. */
  readonly authAddress: string | null
  /** The service's account, which helps where a user's token does not do. */
  readonly service: Reference | undefined
}

/**
 * Each image lies in the account of the project that uploaded it, in a container of its own, and is reached with the
 * token of whoever asks. Tokens go only to where Keystone's catalog or `swift_store_endpoint` says that Swift is.
 * @see glance_store `_drivers/swift/store.py` `MultiTenantStore`
 */
export class ProjectAccounts implements Accounts {
  readonly #connection: Connection
  readonly #options: ProjectAccountsOptions
  readonly #service: AccountCredentials | undefined
  readonly #catalogs = new Map<string, { readonly catalog: readonly CatalogEntry[]; readonly untilMs: number }>()

  constructor(connection: Connection, options: ProjectAccountsOptions) {
    const { keystone, config } = connection
    this.#connection = connection
    this.#options = options
    const renewEarlyMs = config.swift_store_expire_soon_interval * 1000
    this.#service = options.service && AccountCredentials.of(options.service, { keystone, renewEarlyMs })
  }

  async create(key: string, options: AccountOptions & { isLarge: boolean }): Promise<Target & { url: string }> {
    const { config } = this.#connection
    const { requester, signal, isLarge } = options
    const token = requester?.token ?? undefined
    const endpoint = config.swift_store_endpoint ?? (await this.#endpointOf(requester))
    const place = { container: `${config.swift_store_container}_${key}`, object: key }
    const trust = isLarge && config.swift_store_use_trusts && token ? this.#trust(token) : undefined
    const sources = [token && fixedToken(token), trust, this.#service].filter((source) => typeof source === 'object')
    if (sources.length === 0) throw this.#unusable('images lie in the accounts of users, and no user asks')
    const client = this.#client(endpoint, new ChainedCredentials(sources))
    const close = async () => trust?.close()
    try {
      const isNew = !(await client.hasContainer(place.container, signal ? { signal } : {}))
      if (isNew && !config.swift_store_create_container_on_put) {
        throw this.#unusable('the container of an image is missing, and swift_store_create_container_on_put is not set')
      }
      // While the user's token is valid: it may end during the upload.
      await trust?.open()
      if (isNew) await client.putContainer(place.container, signal ? { signal } : {})
      const discard = async () => {
        if (isNew) await client.deleteContainer(place.container)
      }
      return { client, place, url: formatAccountLocation(endpoint, place), discard, close }
    } catch (error) {
      await close()
      throw error
    }
  }

  async place(key: string, { requester }: AccountOptions): Promise<Target> {
    const { config } = this.#connection
    const endpoint = config.swift_store_endpoint ?? (await this.#endpointOf(requester))
    const credentials = requester?.token ? fixedToken(requester.token) : this.#service
    if (credentials === undefined) throw this.#unusable('images lie in the accounts of users, and no user asks')
    const place = { container: `${config.swift_store_container}_${key}`, object: key }
    return { client: this.#client(endpoint, credentials), place, discard: async () => {}, close: async () => {} }
  }

  async find(url: string, { requester }: AccountOptions): Promise<Target> {
    const location = parseSwiftLocation(url)
    if (location?.kind !== 'account') throw new GlimpseError('blob_not_found', { store: this.#connection.storeId })
    const { address, container, object } = location
    const { origin } = new URL(address)
    const credentials = requester?.token
      ? await this.#ownToken({ ...requester, token: requester.token }, origin)
      : await this.#serviceToken({ container, object }, origin)
    if (credentials === undefined) throw new GlimpseError('blob_not_found', { store: this.#connection.storeId })
    const client = this.#client(address, credentials)
    return { client, place: { container, object }, discard: async () => {}, close: async () => {} }
  }

  /** A location that a caller wrote counts only as far as his own token reaches: who has none points nowhere. */
  async findAsWritten(url: string, options: AccountOptions): Promise<Target> {
    if (!options.requester?.token) throw new GlimpseError('blob_not_found', { store: this.#connection.storeId })
    return this.find(url, options)
  }

  async #ownToken(
    requester: { projectId: string | null; token: string },
    origin: string,
  ): Promise<Credentials | undefined> {
    const isKnown = await this.#knows(origin, () => this.#catalogOf(requester))
    return isKnown ? fixedToken(requester.token) : undefined
  }

  /**
   * The service's account may reach every project's data, and some users may write locations. So it is used only where
   * no user asks, and only for what a store like this one made.
   */
  async #serviceToken({ container, object }: ObjectPlace, origin: string): Promise<Credentials | undefined> {
    const service = this.#service
    if (service === undefined || container !== `${this.#connection.config.swift_store_container}_${object}`) {
      return undefined
    }
    return (await this.#knows(origin, async () => (await service.login()).catalog)) ? service : undefined
  }

  /** Where the requester's account is. Without his token the service's own tells: only the project differs. */
  async #endpointOf(requester: AccountOptions['requester']): Promise<string> {
    const { endpointChoice } = this.#connection
    let endpoint: string | undefined
    if (requester?.token) endpoint = findEndpoint(await this.#catalogOf(requester), endpointChoice)
    else if (requester?.projectId && this.#service) {
      const { catalog, projectId } = await this.#service.login()
      const own = findEndpoint(catalog, endpointChoice)
      endpoint = own?.includes(projectId) ? own.replace(projectId, requester.projectId) : undefined
    } else throw this.#unusable('images lie in the accounts of users, and no user asks')
    if (endpoint === undefined) throw this.#unusable("Keystone's catalog has no such endpoint of Swift")
    return endpoint
  }

  async #knows(origin: string, catalog: () => Promise<readonly CatalogEntry[]>): Promise<boolean> {
    const { swift_store_endpoint: endpoint, swift_store_service_type: serviceType } = this.#connection.config
    if (endpoint !== null) return new URL(endpoint).origin === origin
    return originsOf(await catalog(), serviceType).has(origin)
  }

  async #catalogOf({ projectId, token }: NonNullable<AccountOptions['requester']>): Promise<readonly CatalogEntry[]> {
    const { authAddress } = this.#options
    const key = projectId ?? ''
    const known = this.#catalogs.get(key)
    if (known && Date.now() < known.untilMs) return known.catalog
    if (authAddress === null) throw this.#unusable("Keystone's address is not configured")
    const catalog = await this.#connection.keystone.catalog(authAddress, token ?? '')
    if (this.#catalogs.size >= maxCatalogs) this.#catalogs.clear()
    this.#catalogs.set(key, { catalog, untilMs: Date.now() + catalogLifetimeMs })
    return catalog
  }

  #trust(trustorToken: string): Trust | undefined {
    const { service } = this.#options
    if (service === undefined || this.#service === undefined) return undefined
    return new Trust({ connection: this.#connection, reference: service, trustee: this.#service, trustorToken })
  }

  #client(storageUrl: string, credentials: Credentials): SwiftClient {
    const { dispatcher, storeId } = this.#connection
    return new SwiftClient({ dispatcher, storeId, storageUrl: storageUrl.replace(/\/+$/, ''), credentials })
  }

  #unusable(reason: string): GlimpseError {
    return new GlimpseError('store_unavailable', { store: this.#connection.storeId, reason })
  }
}
