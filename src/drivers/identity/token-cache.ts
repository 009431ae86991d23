import type { Identity } from '../../ports/identity.ts'
import type { AccessRule } from './access-rules.ts'

/** A token that was found valid. */
export interface KnownToken {
  /** Frozen; with the token. */
  readonly identity: Identity
  readonly expiresAtMs: number
  /** When Keystone is to be asked again. */
  readonly believedUntilMs: number
  readonly accessRules?: readonly AccessRule[]
}

/** Values by token, the least recently used forgotten first. Nothing in it looks at the clock. */
export class TokenCache<Value> {
  readonly #values = new Map<string, Value>()
  readonly #maxCount: number

  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  get(token: string): Value | undefined {
    const value = this.#values.get(token)
    if (value === undefined) return undefined
    this.#values.delete(token)
    this.#values.set(token, value)
    return value
  }

  set(token: string, value: Value): void {
    this.#values.delete(token)
    this.#values.set(token, value)
    if (this.#values.size <= this.#maxCount) return
    const [oldest] = this.#values.keys()
    if (oldest !== undefined) this.#values.delete(oldest)
  }

  delete(token: string): void {
    this.#values.delete(token)
  }
}
