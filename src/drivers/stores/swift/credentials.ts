import type { Keystone, Token } from './keystone.ts'
import type { Reference } from './references.ts'

/** Gives the tokens that requests to Swift carry. */
export interface Credentials {
  /** A token to use now. @throws store_unavailable */
  token(): Promise<string>
  /** Called when Swift refused a token with 401 or 403. True if `token` now gives another one that may serve. */
  replace(refused: string, status: number): Promise<boolean>
}

/** An account of the service: logs in when it is first needed and again before the token ends. */
export class AccountCredentials implements Credentials {
  readonly #logIn: () => Promise<Token>
  readonly #renewEarlyMs: number
  #login: Promise<Token> | undefined

  constructor(logIn: () => Promise<Token>, { renewEarlyMs }: { renewEarlyMs: number }) {
    this.#logIn = logIn
    this.#renewEarlyMs = renewEarlyMs
  }

  static of(reference: Reference, options: { keystone: Keystone; renewEarlyMs: number }): AccountCredentials {
    return new AccountCredentials(() => options.keystone.logIn(reference), options)
  }

  /** The whole login, renewed if it ends soon. Those who ask at the same time share one login. */
  async login(): Promise<Token> {
    const known = this.#login
    if (known !== undefined) {
      const token = await known
      if (Date.now() < token.expiresAtMs - this.#renewEarlyMs) return token
    }
    if (this.#login === known) {
      const next = this.#logIn()
      this.#login = next
      next.catch(() => {
        if (this.#login === next) this.#login = undefined
      })
    }
    return this.#login ?? this.login()
  }

  async token(): Promise<string> {
    return (await this.login()).value
  }

  async replace(refused: string, status: number): Promise<boolean> {
    if (status !== 401) return false
    const known = this.#login
    if (known !== undefined && (await known.catch(() => undefined))?.value === refused && this.#login === known) {
      this.#login = undefined
    }
    return (await this.token()) !== refused
  }
}

/** Tokens of several sources: the next one takes over when Swift refuses those of one, and stays. */
export class ChainedCredentials implements Credentials {
  readonly #sources: readonly Credentials[]
  #current = 0

  constructor(sources: readonly Credentials[]) {
    this.#sources = sources
  }

  token(): Promise<string> {
    return this.#source.token()
  }

  async replace(refused: string, status: number): Promise<boolean> {
    const source = this.#source
    if (await source.replace(refused, status)) return true
    if (this.#source === source && this.#current + 1 < this.#sources.length) this.#current += 1
    return this.#source !== source
  }

  get #source(): Credentials {
    return this.#sources[this.#current] as Credentials
  }
}

/** The token that came with a request. */
export function fixedToken(token: string): Credentials {
  return { token: async () => token, replace: async () => false }
}
