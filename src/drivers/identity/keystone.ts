import { GlimpseError } from '../../errors/error.ts'
import type { Delegation, Identity, IdentityService, Proof } from '../../ports/identity.ts'
import type { Logger } from '../../ports/logger.ts'
import { permits } from './access-rules.ts'
import { keystoneAccount } from './keystone-account.ts'
import type { KeystoneClient } from './keystone-client.ts'
import { keystoneDelegation } from './keystone-delegation.ts'
import type { KeystoneAuthtokenConfig } from './keystone-options.ts'
import type { ValidatedToken } from './keystone-token.ts'
import { createSealer, type SealStrategy } from './sealer.ts'
import { type ServiceAccount, serviceClient } from './service-client.ts'
import { SharedCache } from './shared-cache.ts'
import { type KnownToken, TokenCache } from './token-cache.ts'

export interface KeystoneOptions extends ServiceAccount {
  /** The clock, in milliseconds; tests move it. */
  readonly now?: () => number
}

/** How many tokens of each kind a process remembers: some MiB. */
const maxKnownTokens = 5000
/** A refused token is refused again without a question for this long. */
const refusedForMs = 5000

/**
 * Validates tokens at Keystone. The answer for a token that this process knows is synchronous and always the same object.
 * A known token is believed until it expires, and no longer than `token_cache_time`.
 * @see keystonemiddleware `auth_token/__init__.py`
 */
export class KeystoneIdentity implements IdentityService {
  readonly challenge: string
  readonly #client: KeystoneClient
  readonly #shared: SharedCache | undefined
  readonly #known = new TokenCache<KnownToken>(maxKnownTokens)
  readonly #refusedUntilMs = new TokenCache<number>(maxKnownTokens)
  readonly #running = new Map<string, Promise<KnownToken>>()
  readonly delegation: Delegation
  readonly #believeMs: number
  readonly #serviceRoles: ReadonlySet<string>
  readonly #options: KeystoneOptions
  readonly #now: () => number

  constructor(options: KeystoneOptions) {
    const { authtoken, log, now = Date.now } = options
    const account = keystoneAccount(options.account)
    this.#options = options
    this.#now = now
    this.challenge = `Keystone uri="${authtoken.www_authenticate_uri ?? account.url.replace(/\/v3$/, '')}"`
    this.#believeMs = Math.max(authtoken.token_cache_time, 0) * 1000
    this.#serviceRoles = new Set(authtoken.service_token_roles.map((role) => role.toLowerCase()))
    this.#client = serviceClient(options)
    this.delegation = keystoneDelegation(this.#client, { secret: JSON.stringify(account.login) })
    this.#shared = this.#believeMs > 0 ? openShared(authtoken, log) : undefined
  }

  authenticate(proof: Proof): Promise<Identity> | Identity {
    const token = proof.token?.trim()
    if (!token) throw new GlimpseError('unauthorized', {})
    if (proof.serviceToken) return this.#withService(token, proof.serviceToken.trim(), proof)
    const known = this.#recall(token, { allowExpired: false })
    if (known) return this.#admit(known, proof)
    return this.#validate(token, { allowExpired: false }).then((found) => this.#admit(found, proof))
  }

  async close(): Promise<void> {
    this.#shared?.close()
    await this.#client.close()
  }

  /** A service token that is not accepted is as good as none; the user's token decides. */
  async #withService(token: string, serviceToken: string, proof: Proof): Promise<Identity> {
    const service = await this.#serviceOf(serviceToken)
    const trusted = service?.roles.some((role) => this.#serviceRoles.has(role)) ?? false
    const allowExpired = trusted
    const known = this.#recall(token, { allowExpired }) ?? (await this.#validate(token, { allowExpired }))
    const identity = this.#admit(known, { ...proof, viaService: true })
    if (!service || (this.#options.authtoken.service_token_roles_required && !trusted)) return identity
    const { userId, userDomainId, projectId, projectDomainId, roles } = service
    return Object.freeze({
      ...identity,
      serviceRoles: roles,
      service: { userId, userDomainId, projectId, projectDomainId },
    })
  }

  async #serviceOf(token: string): Promise<Identity | undefined> {
    try {
      const known = this.#recall(token, { allowExpired: false })
      return (known ?? (await this.#validate(token, { allowExpired: false }))).identity
    } catch (error) {
      if (error instanceof GlimpseError && error.code === 'unauthorized') return undefined
      throw error
    }
  }

  #admit(known: KnownToken, proof: Proof & { viaService?: boolean }): Identity {
    if (!known.accessRules) return known.identity
    const service = this.#options.authtoken.service_type
    // A service that passes a request on makes other requests than the user did, so the rules do not apply to those.
    const { method = '', path = '', viaService = false } = proof
    if (service !== null && (viaService || permits(known.accessRules, { service, method, path }))) return known.identity
    throw new GlimpseError('unauthorized', {})
  }

  #recall(token: string, { allowExpired }: { allowExpired: boolean }): KnownToken | undefined {
    const now = this.#now()
    const known = this.#known.get(token)
    if (known && now < known.believedUntilMs) {
      if (allowExpired || now < known.expiresAtMs) return known
      throw new GlimpseError('unauthorized', {})
    }
    const refusedUntilMs = this.#refusedUntilMs.get(refusalKey(token, allowExpired))
    if (refusedUntilMs !== undefined && now < refusedUntilMs) throw new GlimpseError('unauthorized', {})
    return undefined
  }

  /** Requests that ask about the same token at the same time share one question. @throws unauthorized, identity_unavailable */
  #validate(token: string, options: { allowExpired: boolean }): Promise<KnownToken> {
    const key = refusalKey(token, options.allowExpired)
    const running = this.#running.get(key)
    if (running) return running
    const started = this.#ask(token, options).finally(() => this.#running.delete(key))
    this.#running.set(key, started)
    return started
  }

  async #ask(token: string, { allowExpired }: { allowExpired: boolean }): Promise<KnownToken> {
    const shared = await this.#shared?.get(token)
    const now = this.#now()
    if (shared && now < shared.validatedAtMs + this.#believeMs) {
      return this.#remember(token, shared, { validatedAtMs: shared.validatedAtMs, allowExpired })
    }
    const validated = isPrintable(token) ? await this.#client.validate(token, { allowExpired }) : undefined
    if (!validated) return this.#refuse(token, allowExpired)
    const known = this.#remember(token, validated, { validatedAtMs: now, allowExpired })
    // Nobody waits for memcached.
    void this.#shared?.set(token, { ...validated, validatedAtMs: now }, { ageSeconds: this.#believeMs / 1000 })
    return known
  }

  #remember(
    token: string,
    { identity, expiresAtMs, accessRules }: ValidatedToken,
    { validatedAtMs, allowExpired }: { validatedAtMs: number; allowExpired: boolean },
  ): KnownToken {
    Object.freeze(identity.roles)
    const known: KnownToken = {
      identity: Object.freeze({ ...identity, token }),
      expiresAtMs,
      believedUntilMs: validatedAtMs + this.#believeMs,
      ...(accessRules && { accessRules }),
    }
    if (!allowExpired && this.#now() >= expiresAtMs) return this.#refuse(token, allowExpired)
    if (this.#believeMs > 0) this.#known.set(token, known)
    return known
  }

  #refuse(token: string, allowExpired: boolean): never {
    this.#known.delete(token)
    if (this.#believeMs > 0) this.#refusedUntilMs.set(refusalKey(token, allowExpired), this.#now() + refusedForMs)
    throw new GlimpseError('unauthorized', {})
  }
}

/** An expired token is refused alone and accepted from a service, so the two questions have two answers. */
function refusalKey(token: string, allowExpired: boolean): string {
  return allowExpired ? `+${token}` : token
}

/** What may stand in a header; nothing else can be a token. */
function isPrintable(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token)
}

function openShared(authtoken: KeystoneAuthtokenConfig, log: Logger): SharedCache | undefined {
  if (authtoken.memcached_servers.length === 0) return undefined
  return new SharedCache({
    servers: authtoken.memcached_servers,
    sealer: createSealer(authtoken.memcache_security_strategy as SealStrategy, authtoken.memcache_secret_key ?? ''),
    answerTimeoutMs: authtoken.memcache_pool_socket_timeout * 1000,
    deadRetryMs: authtoken.memcache_pool_dead_retry * 1000,
    log,
  })
}
