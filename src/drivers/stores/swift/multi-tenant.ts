import { GlimpseError } from '../../../errors/error.ts'
import { SwiftClient } from './client.ts'
import type { Connection } from './connection.ts'
import { AccountCredentials, ChainedCredentials, type Credentials, fixedToken } from './credentials.ts'
import { type CatalogEntry, findEndpoint, originsOf } from './keystone.ts'
import { formatAccountLocation, parseSwiftLocation } from './location.ts'
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
    const { config, endpointChoice } = this.#connection
    const { requester, signal, isLarge } = options
    if (!requester?.token) throw this.#unusable('images lie in the accounts of users, and no user asks')
    const endpoint = config.swift_store_endpoint ?? findEndpoint(await this.#catalogOf(requester), endpointChoice)
    if (endpoint === undefined) throw this.#unusable("the user's catalog has no such endpoint of Swift")
    const place = { container: `${config.swift_store_container}_${key}`, object: key }
    const trust = isLarge && config.swift_store_use_trusts ? this.#trust(requester.token) : undefined
    const sources = [fixedToken(requester.token), ...(trust ? [trust] : []), ...(this.#service ? [this.#service] : [])]
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

  async find(url: string, { requester }: AccountOptions): Promise<Target> {
    const location = parseSwiftLocation(url)
    if (location?.kind !== 'account') throw new GlimpseError('blob_not_found', { store: this.#connection.storeId })
    const { address, container, object } = location
    const { origin } = new URL(address)
    const sources: Credentials[] = []
    if (requester?.token && (await this.#knows(origin, () => this.#catalogOf(requester)))) {
      sources.push(fixedToken(requester.token))
    }
    const service = this.#service
    if (service && (await this.#knows(origin, async () => (await service.login()).catalog))) sources.push(service)
    if (sources.length === 0) throw new GlimpseError('blob_not_found', { store: this.#connection.storeId })
    const client = this.#client(address, new ChainedCredentials(sources))
    return { client, place: { container, object }, discard: async () => {}, close: async () => {} }
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
