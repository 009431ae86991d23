import { GlimpseError } from '../../errors/error.ts'
import type { Logger } from '../../ports/logger.ts'
import {
  type QuotaAmounts,
  type QuotaExcess,
  type QuotaLimits,
  type QuotaResource,
  quotaResources,
  sizeResources,
} from '../../ports/quota.ts'
import { serviceAccount } from './keystone-account.ts'
import { KeystoneClient } from './keystone-client.ts'
import type { ServiceAccountConfig } from './keystone-options.ts'
import type { OsloLimitConfig } from './limit-options.ts'

export interface KeystoneLimitsOptions {
  readonly limit: OsloLimitConfig
  readonly account: ServiceAccountConfig & { readonly auth_url: string }
  /** `strict_size_limits` */
  readonly strict: boolean
  readonly log: Logger
}

const defaultTimeoutMs = 10_000
const maxRetries = 2
const mebibyte = 2 ** 20

/**
 * Keystone's unified limits. Limits are read anew for each request, so a change counts at once; requests side by side share
 * a question. Only the flat model is enforced, as by oslo.limit.
 * @see oslo_limit `limit.py` `_FlatEnforcer`, `_EnforcerUtils`
 */
export class KeystoneLimits implements QuotaLimits {
  readonly unknownSizeMayExceed: boolean
  readonly #client: KeystoneClient
  readonly #limit: OsloLimitConfig
  readonly #running = new Map<string, Promise<QuotaAmounts>>()
  /** The query that picks the limits of this service. */
  #scope: Promise<URLSearchParams> | undefined

  constructor({ limit, account, strict, log }: KeystoneLimitsOptions) {
    this.unknownSizeMayExceed = !strict
    this.#limit = limit
    this.#client = new KeystoneClient({
      account: serviceAccount(account, account.auth_url),
      section: limit.auth_section ?? 'oslo_limit',
      timeoutMs: limit.timeout === null ? defaultTimeoutMs : limit.timeout * 1000,
      maxRetries,
      tls: {
        insecure: limit.insecure,
        caFile: limit.cafile,
        certFile: limit.certfile,
        keyFile: limit.keyfile,
      },
      log,
    })
  }

  of(owner: string | null): Promise<QuotaAmounts> {
    const key = owner ?? ''
    const running = this.#running.get(key)
    if (running) return running
    const started = this.#read(owner).finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }

  refusal(owner: string | null, excesses: readonly QuotaExcess[]): GlimpseError {
    return new GlimpseError('limit_exceeded', {
      projectId: owner,
      excesses: excesses.map(({ resource, maximum, used, amount, mayExceed }) => ({
        resource,
        maximum: inUnits(resource, maximum),
        used: inUnits(resource, used),
        delta: mayExceed ? 0 : inUnits(resource, amount),
      })),
    })
  }

  close(): Promise<void> {
    return this.#client.close()
  }

  async #read(owner: string | null): Promise<QuotaAmounts> {
    const scope = await this.#findScope()
    const ofProject = new URLSearchParams(scope)
    if (owner !== null) ofProject.set('project_id', owner)
    const [registered, own] = await Promise.all([
      this.#list('registered_limits', scope),
      owner === null ? [] : this.#list('limits', ofProject),
    ])
    const amounts: Partial<Record<QuotaResource, number>> = {}
    for (const resource of quotaResources) {
      const ofResource = (limit: Entry) => limit.resource_name === resource
      // What is registered nowhere is not allowed at all.
      const value = own.find(ofResource)?.resource_limit ?? registered.find(ofResource)?.default_limit ?? 0
      if (value >= 0) amounts[resource] = value * unitOf(resource)
    }
    return amounts
  }

  #findScope(): Promise<URLSearchParams> {
    this.#scope ??= this.#askScope().catch((error: unknown) => {
      this.#scope = undefined
      throw error
    })
    return this.#scope
  }

  async #askScope(): Promise<URLSearchParams> {
    const { model } = (await this.#get('/limits/model')) as { model: { name: string } }
    if (model.name !== 'flat') throw unusable(`the enforcement model ${model.name} is not supported, flat is`)
    const endpoint = this.#limit.endpoint_id === null ? await this.#findEndpoint() : await this.#endpoint()
    const { service_id, region_id } = endpoint
    return new URLSearchParams({ service_id, ...(region_id && { region_id }) })
  }

  async #endpoint(): Promise<Entry> {
    const { endpoint_id: id } = this.#limit
    const found = await this.#client.get(`/endpoints/${encodeURIComponent(id ?? '')}`)
    if (found === undefined) throw unusable(`there is no endpoint ${id}`)
    return (found as { endpoint: Entry }).endpoint
  }

  async #findEndpoint(): Promise<Entry> {
    const { endpoint_service_type: type, endpoint_service_name: name, endpoint_region_name: region } = this.#limit
    const services = await this.#list('services', new URLSearchParams({ ...(type && { type }), ...(name && { name }) }))
    const service = only(services, 'service')
    const query = {
      service_id: service.id,
      interface: this.#limit.endpoint_interface.replace(/URL$/, ''),
      ...(region && { region_id: region }),
    }
    return only(await this.#list('endpoints', new URLSearchParams(query)), 'endpoint')
  }

  async #list(collection: string, query: URLSearchParams): Promise<readonly Entry[]> {
    const json = await this.#get(`/${collection}?${query}`)
    return (json as Record<string, readonly Entry[]>)[collection] ?? []
  }

  async #get(path: string): Promise<unknown> {
    const json = await this.#client.get(path)
    if (json === undefined) throw unusable(`${path.replace(/\?.*/, '')} is not found`)
    return json
  }
}

/** What is read of Keystone's services, endpoints and limits. */
interface Entry {
  readonly id: string
  readonly service_id: string
  readonly region_id: string | null
  readonly resource_name: string
  readonly resource_limit?: number
  readonly default_limit?: number
}

function only(entries: readonly Entry[], what: string): Entry {
  const [first, ...more] = entries
  if (!first) throw unusable(`no ${what} is found`)
  if (more.length > 0) throw unusable(`more than one ${what} is found`)
  return first
}

function unitOf(resource: QuotaResource): number {
  return sizeResources.has(resource) ? mebibyte : 1
}

/** Rounded up: what is told then exceeds the limit in these units too. */
function inUnits(resource: QuotaResource, amount: number): number {
  return Math.ceil(amount / unitOf(resource))
}

function unusable(reason: string): GlimpseError {
  return new GlimpseError('limits_unusable', { reason })
}
