import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Pool } from 'undici'
import { GlimpseError } from '../../errors/error.ts'
import type { Logger } from '../../ports/logger.ts'
import { commands } from '../../registry/commands.ts'
import { decodeReply, encodeCall } from '../../registry/messages.ts'
import type { RegistryClientConfig } from './options.ts'

/** Gives the token of this service's own user; with `renew` not the one that it gave last. */
export interface ServiceTokens {
  serviceToken(options: { renew: boolean; signal: AbortSignal }): Promise<string>
  close(): Promise<void>
}

export interface RegistryConnectionOptions {
  readonly config: RegistryClientConfig
  /** Absent: the registry asks nobody who he is. Closed with the connection. */
  readonly tokens?: ServiceTokens | undefined
  readonly log: Logger
}

const connections = 32
const connectTimeoutMs = 5_000
const maxAttempts = 3
const firstRetryDelayMs = 50
/** Below the time after which the registry closes connections that lie idle. */
const keepAliveMs = 60_000
const longestTimeoutMs = 2 ** 31 - 1
/** Failures before anything was sent. */
const unconnected: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
])

/**
 * Asks a glance-registry, over connections that are kept. A registry that cannot be asked is a database that cannot: every
 * failure on the way is `database_unavailable`, and the next question tries again.
 */
export class RegistryConnection {
  readonly #pool: Pool
  readonly #url: string
  readonly #timeoutMs: number
  readonly #tokens: ServiceTokens | undefined
  readonly #log: Logger

  constructor({ config, tokens, log }: RegistryConnectionOptions) {
    const { registry_host: host, registry_client_timeout: timeout } = config
    const { registry_client_ca_file: ca, registry_client_cert_file: cert, registry_client_key_file: key } = config
    const bracketed = host.includes(':') ? `[${host}]` : host
    this.#url = `${config.registry_client_protocol}://${bracketed}:${config.registry_port}`
    this.#timeoutMs = timeout === 0 ? longestTimeoutMs : Math.min(timeout * 1000, longestTimeoutMs)
    this.#tokens = tokens
    this.#log = log
    this.#pool = new Pool(this.#url, {
      connections,
      connect: {
        timeout: Math.min(connectTimeoutMs, this.#timeoutMs),
        rejectUnauthorized: !config.registry_client_insecure,
        ...(ca && { ca: readFileSync(ca, 'utf8') }),
        ...(cert && { cert: readFileSync(cert, 'utf8') }),
        ...(key && { key: readFileSync(key, 'utf8') }),
      },
      keepAliveTimeout: keepAliveMs,
      headersTimeout: 0,
      bodyTimeout: 0,
    })
  }

  /** Asks for a command. @returns its result. @throws what the repository throws, database_unavailable */
  async call(name: string, args: readonly unknown[] = []): Promise<unknown> {
    return decodeReply(await this.#ask(encodeCall(name, args), { repeatable: commands.get(name)?.repeatable ?? false }))
  }

  async close(): Promise<void> {
    await this.#pool.close()
    await this.#tokens?.close()
  }

  /** Sends again what is safe to send again. @returns the text of the answer */
  async #ask(body: string, { repeatable }: { repeatable: boolean }): Promise<string> {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), this.#timeoutMs)
    try {
      for (let attempt = 1; ; attempt += 1) {
        const outcome = await this.#attempt(body, late.signal)
        if (typeof outcome === 'string') return outcome
        const harmless = outcome.again === 'always' || (outcome.again === 'repeatable' && repeatable)
        if (!harmless || attempt === maxAttempts) throw unavailable(outcome)
        await sleep(firstRetryDelayMs * 4 ** (attempt - 1), undefined, { signal: late.signal }).catch(() => {})
      }
    } finally {
      clearTimeout(timer)
    }
  }

  async #attempt(body: string, signal: AbortSignal): Promise<string | Failure> {
    try {
      let answer = await this.#send(body, { signal, renew: false })
      // A login that Keystone no longer honours is renewed once; nothing was carried out.
      if (answer.status === 401 && this.#tokens) answer = await this.#send(body, { signal, renew: true })
      if (answer.status === 200) return answer.text
      return this.#refusal(answer)
    } catch (cause) {
      if (cause instanceof GlimpseError) return { again: 'never', reason: cause.message, cause }
      if (signal.aborted) return { again: 'never', reason: 'glance-registry does not answer in time', cause }
      const code = String((cause as NodeJS.ErrnoException).code ?? 'unknown')
      return {
        again: unconnected.has(code) ? 'always' : 'repeatable',
        reason: `the connection to glance-registry fails (${code})`,
        cause,
      }
    }
  }

  async #send(body: string, { signal, renew }: { signal: AbortSignal; renew: boolean }) {
    const token = await this.#tokens?.serviceToken({ renew, signal })
    const headers = { 'content-type': 'application/json', ...(token !== undefined && { 'x-auth-token': token }) }
    const answer = await this.#pool.request({ method: 'POST', path: '/rpc', headers, body, signal })
    return { status: answer.statusCode, text: await answer.body.text() }
  }

  /** The registry refuses before it does something; a proxy before it may have lost its answer. */
  #refusal({ status, text }: { status: number; text: string }): Failure {
    if (status < 500) this.#log.error({ status, answer: text.slice(0, 500) }, `${this.#url} refuses this service`)
    return { again: status < 500 ? 'never' : 'repeatable', reason: `glance-registry answers ${status}` }
  }
}

interface Failure {
  /** Which commands may be sent again: every one if nothing was sent, else those that are repeatable. */
  readonly again: 'always' | 'repeatable' | 'never'
  readonly reason: string
  readonly cause?: unknown
}

function unavailable({ reason, cause }: Failure): GlimpseError {
  return new GlimpseError('database_unavailable', { reason }, { cause })
}
