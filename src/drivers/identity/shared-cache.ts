import { Client, Server } from 'memjs'
import type { Logger } from '../../ports/logger.ts'
import type { ValidatedToken } from './keystone-token.ts'
import type { Sealer } from './sealer.ts'

export interface SharedCacheOptions {
  /** `host:port`, also `inet6:[host]:port`. */
  readonly servers: readonly string[]
  readonly sealer: Sealer
  readonly answerTimeoutMs: number
  readonly deadRetryMs: number
  readonly log: Logger
}

/** A validation and when it was made, so that no copy of it lives longer than the first. */
export interface SharedToken extends ValidatedToken {
  readonly validatedAtMs: number
}

/**
 * Validations in memcached, for all processes of an installation. It is only a cache: whatever fails looks like a token
 * that is not in it.
 */
export class SharedCache {
  readonly #client: Client
  readonly #sealer: Sealer
  readonly #log: Logger
  #failing = false

  constructor({ servers, sealer, answerTimeoutMs, deadRetryMs, log }: SharedCacheOptions) {
    const timeoutSeconds = answerTimeoutMs / 1000
    const options = {
      timeout: timeoutSeconds,
      conntimeout: timeoutSeconds,
      retries: 1,
      failover: true,
      failoverTime: deadRetryMs / 1000,
      keepAlive: true,
      logger: { log: () => {} },
    }
    this.#client = new Client(
      servers.map((server) => connectionTo(server, options)),
      options,
    )
    this.#sealer = sealer
    this.#log = log
  }

  async get(token: string): Promise<SharedToken | undefined> {
    try {
      const { value } = await this.#client.get(this.#sealer.keyOf(token))
      this.#recover()
      const text = value && this.#sealer.open(token, value.toString('utf8'))
      return text ? (JSON.parse(text) as SharedToken) : undefined
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  async set(token: string, value: SharedToken, { ageSeconds }: { ageSeconds: number }): Promise<void> {
    try {
      const sealed = this.#sealer.seal(token, JSON.stringify(value))
      await this.#client.set(this.#sealer.keyOf(token), sealed, { expires: ageSeconds })
      this.#recover()
    } catch (error) {
      this.#fail(error)
    }
  }

  close(): void {
    this.#client.close()
  }

  #fail(error: unknown): void {
    if (this.#failing) return
    this.#failing = true
    this.#log.warn({ err: error }, 'memcached cannot be used; tokens are kept in this process only')
  }

  #recover(): void {
    if (!this.#failing) return
    this.#failing = false
    this.#log.info({}, 'memcached can be used again')
  }
}

function connectionTo(server: string, options: object): Server {
  const { host, port } = /^(?:inet6?:)?\[?(?<host>[^\]]*?)\]?(?::(?<port>\d+))?$/.exec(server)?.groups ?? {}
  return new Server(host || 'localhost', Number(port ?? 11211), undefined, undefined, options)
}
