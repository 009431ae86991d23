import type { Logger } from '../../ports/logger.ts'
import { keystoneAccount } from './keystone-account.ts'
import { KeystoneClient } from './keystone-client.ts'
import type { KeystoneAccountConfig, KeystoneAuthtokenConfig } from './keystone-options.ts'

/** What `[keystone_authtoken]` says of Keystone and of the service's account there. */
export interface ServiceAccount {
  readonly authtoken: KeystoneAuthtokenConfig
  /** Of the same section, or of the one that `auth_section` names. */
  readonly account: KeystoneAccountConfig
  readonly log: Logger
}

const defaultTimeoutMs = 10_000

/** Keystone, spoken to with the account of `[keystone_authtoken]`. */
export function serviceClient({ authtoken, account, log }: ServiceAccount): KeystoneClient {
  const { http_connect_timeout: timeout } = authtoken
  return new KeystoneClient({
    account: keystoneAccount(account),
    section: authtoken.auth_section ?? 'keystone_authtoken',
    timeoutMs: timeout === null ? defaultTimeoutMs : timeout * 1000,
    maxRetries: authtoken.http_request_max_retries,
    tls: {
      insecure: authtoken.insecure,
      caFile: authtoken.cafile,
      certFile: authtoken.certfile,
      keyFile: authtoken.keyfile,
    },
    log,
  })
}
