import type { Connection } from './connection.ts'
import { AccountCredentials, type Credentials } from './credentials.ts'
import type { Reference } from './references.ts'

export interface TrustOptions {
  readonly connection: Connection
  readonly reference: Reference
  /** The login of `reference`. */
  readonly trustee: AccountCredentials
  readonly trustorToken: string
}

/**
 * A user's trust in the service's account for the time of one transfer: tokens in his name that outlast his own.
 * Where Keystone makes none, transfers do without.
 * @see glance_store `_drivers/swift/store.py` `MultiTenantStore.init_client`
 */
export class Trust implements Credentials {
  readonly #options: TrustOptions
  #id: string | undefined
  #credentials: AccountCredentials | undefined

  constructor(options: TrustOptions) {
    this.#options = options
  }

  /** Makes the trust. */
  async open(): Promise<void> {
    const { connection, reference, trustee, trustorToken } = this.#options
    const { keystone, config } = connection
    try {
      const { userId } = await trustee.login()
      const id = await keystone.createTrust({
        authAddress: reference.authAddress,
        trustorToken,
        trusteeUserId: userId,
      })
      this.#id = id
      this.#credentials = new AccountCredentials(() => keystone.logIn(reference, { trustId: id }), {
        renewEarlyMs: config.swift_store_expire_soon_interval * 1000,
      })
    } catch {
      this.#credentials = undefined
    }
  }

  token(): Promise<string> {
    return (this.#credentials ?? this.#options.trustee).token()
  }

  async replace(refused: string, status: number): Promise<boolean> {
    return (await this.#credentials?.replace(refused, status)) ?? false
  }

  /** Removes the trust; one that cannot be removed ends by itself. */
  async close(): Promise<void> {
    const id = this.#id
    this.#id = undefined
    if (id === undefined || this.#credentials === undefined) return
    const { connection, reference } = this.#options
    try {
      await connection.keystone.deleteTrust(reference.authAddress, { id, token: await this.#credentials.token() })
    } catch {}
  }
}
