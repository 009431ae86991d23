import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher, request } from 'undici'
import { GlimpseError } from '../../errors/error.ts'
import type { Logger } from '../../ports/logger.ts'
import type { KeystoneAccount } from './keystone-account.ts'
import { parseToken, type ValidatedToken } from './keystone-token.ts'

export interface KeystoneClientOptions {
  readonly account: KeystoneAccount
  /** Where the account stands in the configuration, for the log. */
  readonly section: string
  /** Longest time of one question, with every attempt and a login of the service if it is due. */
  readonly timeoutMs: number
  readonly maxRetries: number
  readonly tls: {
    readonly insecure: boolean
    readonly caFile: string | null
    readonly certFile: string | null
    readonly keyFile: string | null
  }
  readonly log: Logger
}

/** Renewed this long before its end, so that it does not end on the way. */
const renewEarlyMs = 30_000
const firstRetryDelayMs = 100

/** Speaks to Keystone's API v3 as the service's own user. */
export class KeystoneClient {
  readonly #options: KeystoneClientOptions
  readonly #dispatcher: Agent
  #login: Promise<{ token: string; expiresAtMs: number }> | undefined

  constructor(options: KeystoneClientOptions) {
    const { tls, timeoutMs } = options
    this.#options = options
    this.#dispatcher = new Agent({
      connections: 32,
      connect: {
        timeout: timeoutMs,
        rejectUnauthorized: !tls.insecure,
        ...(tls.caFile && { ca: readFileSync(tls.caFile, 'utf8') }),
        ...(tls.certFile && { cert: readFileSync(tls.certFile, 'utf8') }),
        ...(tls.keyFile && { key: readFileSync(tls.keyFile, 'utf8') }),
      },
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    })
  }

  /**
   * Asks Keystone for the token; undefined if it is none, or no longer one.
   * @throws identity_unavailable
   */
  async validate(token: string, { allowExpired }: { allowExpired: boolean }): Promise<ValidatedToken | undefined> {
    const json = await this.get(`/auth/tokens?nocatalog${allowExpired ? '&allow_expired=1' : ''}`, {
      'x-subject-token': token,
      // Without this header Keystone hides tokens that have access rules.
      'openstack-identity-access-rules': '1',
    })
    return json === undefined ? undefined : parseToken(json)
  }

  /** Reads `path` as the service's user; undefined if it is not there. @throws identity_unavailable */
  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const signal = AbortSignal.timeout(this.#options.timeoutMs)
    // A login that Keystone no longer honours (revoked, keys rotated) is renewed once.
    for (const renew of [false, true]) {
      const token = await this.serviceToken({ renew, signal })
      const answer = await this.#send(path, { method: 'GET', headers: { ...headers, 'x-auth-token': token }, signal })
      if (answer.status === 200) return answer.json
      if (answer.status === 404) return undefined
      if (answer.status !== 401) throw unavailable(`it answers ${answer.status}`)
    }
    throw unavailable('it does not honour the login of the service')
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy()
  }

  /** A token of the service's own user; with `renew` not the one that was given last. @throws identity_unavailable */
  async serviceToken({ renew, signal }: { renew: boolean; signal: AbortSignal }): Promise<string> {
    const known = this.#login
    if (known) {
      const { token, expiresAtMs } = await known
      if (!renew && Date.now() < expiresAtMs - renewEarlyMs) return token
    }
    // Whoever finds the login stale first renews it for all.
    if (this.#login === known) {
      const next = this.#logIn(signal)
      this.#login = next
      next.catch(() => {
        if (this.#login === next) this.#login = undefined
      })
    }
    return this.#login ? (await this.#login).token : this.serviceToken({ renew, signal })
  }

  async #logIn(signal: AbortSignal): Promise<{ token: string; expiresAtMs: number }> {
    const answer = await this.#send('/auth/tokens?nocatalog', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(this.#options.account.login),
      signal,
    })
    const token = answer.headers['x-subject-token']
    if (answer.status !== 201 || typeof token !== 'string') {
      const { log, section } = this.#options
      log.error({ status: answer.status }, `Keystone refuses the account of [${section}]`)
      throw unavailable(`it answers ${answer.status} to the login of the service`)
    }
    return { token, expiresAtMs: parseToken(answer.json).expiresAtMs }
  }

  async #send(
    path: string,
    options: Pick<Dispatcher.RequestOptions, 'method' | 'headers' | 'body'> & { signal: AbortSignal },
  ) {
    const { account, maxRetries } = this.#options
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { statusCode, headers, body } = await request(account.url + path, {
          ...options,
          dispatcher: this.#dispatcher,
        })
        const text = await body.text()
        return { status: statusCode, headers, json: statusCode < 300 ? (JSON.parse(text) as unknown) : undefined }
      } catch (error) {
        if (options.signal.aborted) throw unavailable('it does not answer in time', error)
        if (attempt >= maxRetries || error instanceof SyntaxError) throw unavailable(describe(error), error)
        await sleep(firstRetryDelayMs * 2 ** attempt, undefined, { signal: options.signal }).catch(() => {})
      }
    }
  }
}

function describe(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  return code ? `the connection fails (${code})` : 'its answer cannot be understood'
}

function unavailable(reason: string, cause?: unknown): GlimpseError {
  return new GlimpseError('identity_unavailable', { reason }, cause === undefined ? {} : { cause })
}
