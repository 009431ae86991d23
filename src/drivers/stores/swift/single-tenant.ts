import { GlimpseError } from '../../../errors/error.ts'
import { imageIdPattern, type ListedBlob } from '../../../ports/blob-store.ts'
import { SwiftClient } from './client.ts'
import type { Connection } from './connection.ts'
import { AccountCredentials } from './credentials.ts'
import { findEndpoint } from './keystone.ts'
import {
  formatAccountLocation,
  formatReferenceLocation,
  type ObjectPlace,
  parseSwiftLocation,
  type SwiftLocation,
} from './location.ts'
import { containerMissing } from './put.ts'
import { defaultDomain, type Reference } from './references.ts'
import type { AccountOptions, Accounts, OwnContainer, Target } from './target.ts'

/** All images lie in accounts of the service. @see glance_store `_drivers/swift/store.py` `SingleTenantStore` */
export class ServiceAccounts implements Accounts {
  readonly #connection: Connection
  readonly #references: ReadonlyMap<string, Reference>
  readonly #default: Reference
  /** One login for each account, whatever form its locations have. */
  readonly #logins = new Map<string, AccountCredentials>()

  /** @throws store_misconfigured */
  constructor(connection: Connection, references: ReadonlyMap<string, Reference>) {
    const { default_swift_reference: name } = connection.config
    const reference = references.get(name)
    if (reference === undefined) {
      const reason = `default_swift_reference names the account ${name}, which is not configured`
      throw new GlimpseError('store_misconfigured', { store: connection.storeId, reason })
    }
    this.#connection = connection
    this.#references = references
    this.#default = reference
  }

  async create(key: string, { signal }: AccountOptions): Promise<Target & { url: string }> {
    const { config, storeId } = this.#connection
    const place = { container: containerOf(key, config), object: key }
    const client = await this.#client(this.#default)
    if (!(await client.hasContainer(place.container, signal ? { signal } : {}))) {
      if (!config.swift_store_create_container_on_put) throw containerMissing(storeId, place.container)
      await client.putContainer(place.container, signal ? { signal } : {})
    }
    return { ...target(client, place), url: this.#url(place) }
  }

  async place(key: string): Promise<Target> {
    const container = containerOf(key, this.#connection.config)
    return target(await this.#client(this.#default), { container, object: key })
  }

  async *containers({ signal }: { signal?: AbortSignal }): AsyncGenerator<OwnContainer, void, undefined> {
    const { swift_store_container: name, swift_store_multiple_containers_seed: seed } = this.#connection.config
    const client = await this.#client(this.#default)
    if (seed === 0) return void (yield { client, container: name })
    for await (const page of client.containers({ prefix: `${name}_`, ...(signal && { signal }) })) {
      for (const { name: container } of page) yield { client, container }
    }
  }

  async find(url: string): Promise<Target> {
    const location = parseSwiftLocation(url)
    if (location === undefined) throw new GlimpseError('blob_not_found', { store: this.#connection.storeId })
    const { container, object } = location
    return target(await this.#client(this.#referenceOf(location)), { container, object })
  }

  knowsServer(url: string): boolean {
    const location = parseSwiftLocation(url)
    if (location?.kind !== 'account') return false
    return [...this.#references.values()].some(({ authAddress }) => sameAddress(authAddress, location.address))
  }

  async findAsWritten(url: string): Promise<Target> {
    const location = parseSwiftLocation(url)
    if (location?.kind !== 'account' || location.login === undefined) {
      throw new GlimpseError('blob_not_found', { store: this.#connection.storeId })
    }
    const { login, container, object } = location
    const { authAddress, credentials } = this.#referenceOf(location)
    const domains = 'key' in credentials ? credentials : { userDomain: defaultDomain, projectDomain: defaultDomain }
    const written: Reference = { name: authAddress, authAddress, credentials: { ...domains, ...login } }
    // Not kept: a caller may write as many logins as he likes.
    return target(await this.#clientOf(this.#credentialsOf(written)), { container, object })
  }

  /** Only what lies in the account that new images go to is written another way. */
  currentUrl(url: string): string {
    const location = parseSwiftLocation(url)
    if (location === undefined) return url
    const isDefault =
      location.kind === 'reference'
        ? location.reference === this.#default.name
        : sameAddress(location.address, this.#default.authAddress) && location.login?.user === this.#defaultUser
    return isDefault ? this.#url(location) : url
  }

  get #defaultUser(): string | undefined {
    const { credentials } = this.#default
    return 'key' in credentials ? credentials.user : undefined
  }

  async *list(options: { prefix: string; signal?: AbortSignal }): AsyncGenerator<ListedBlob, void, undefined> {
    const { config } = this.#connection
    for await (const { client, container } of this.containers(options)) {
      for await (const page of client.list(container, options)) {
        for (const { name: object } of page) {
          const isImage = imageIdPattern.test(object) && containerOf(object, config) === container
          if (isImage) yield { key: object, url: this.#url({ container, object }) }
        }
      }
    }
  }

  #url(place: ObjectPlace): string {
    const { name, authAddress, credentials } = this.#default
    if (this.#connection.config.swift_store_config_file !== null) return formatReferenceLocation(name, place)
    const login = 'key' in credentials ? { login: credentials } : {}
    return formatAccountLocation(authAddress, { ...place, ...login })
  }

  #referenceOf(location: SwiftLocation): Reference {
    if (location.kind === 'reference') {
      const reference = this.#references.get(location.reference)
      if (reference === undefined) throw this.#unusable(`the account ${location.reference} is not configured`)
      return reference
    }
    const { address, login } = location
    // A key that was changed since is taken from the configuration, and so is one that the location does not hold.
    for (const reference of this.#references.values()) {
      const user = 'key' in reference.credentials ? reference.credentials.user : undefined
      if (sameAddress(reference.authAddress, address) && user === login?.user) return reference
    }
    if (login === undefined) throw this.#unusable('the location holds no login, and none is configured for it')
    const domains = { userDomain: defaultDomain, projectDomain: defaultDomain }
    return { name: address, authAddress: address, credentials: { ...login, ...domains } }
  }

  #client(reference: Reference): Promise<SwiftClient> {
    const key = JSON.stringify([reference.authAddress, reference.credentials])
    const credentials = this.#logins.get(key) ?? this.#credentialsOf(reference)
    this.#logins.set(key, credentials)
    return this.#clientOf(credentials)
  }

  #credentialsOf(reference: Reference): AccountCredentials {
    const { config, keystone } = this.#connection
    return AccountCredentials.of(reference, { keystone, renewEarlyMs: config.swift_store_expire_soon_interval * 1000 })
  }

  async #clientOf(credentials: AccountCredentials): Promise<SwiftClient> {
    const { config, storeId, dispatcher, endpointChoice } = this.#connection
    const { catalog } = await credentials.login()
    const storageUrl = config.swift_store_endpoint ?? findEndpoint(catalog, endpointChoice)
    if (storageUrl === undefined) throw this.#unusable("Keystone's catalog has no such endpoint of Swift")
    return new SwiftClient({ dispatcher, storeId, storageUrl: storageUrl.replace(/\/+$/, ''), credentials })
  }

  #unusable(reason: string): GlimpseError {
    return new GlimpseError('store_unavailable', { store: this.#connection.storeId, reason })
  }
}

function target(client: SwiftClient, place: ObjectPlace): Target {
  return { client, place, discard: async () => {}, close: async () => {} }
}

/** Dashes of the id are kept and do not count. */
function containerOf(key: string, config: Connection['config']): string {
  const { swift_store_container: container, swift_store_multiple_containers_seed: seed } = config
  if (seed === 0) return container
  const dashes = key.slice(0, seed).split('-').length - 1
  return `${container}_${key.toLowerCase().slice(0, seed + dashes)}`
}

function sameAddress(one: string, other: string): boolean {
  const bare = (address: string) => (address.includes('://') ? address : `https://${address}`).replace(/\/+$/, '')
  return bare(one) === bare(other)
}
