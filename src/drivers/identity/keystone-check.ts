import type { KeystoneAccountConfig, KeystoneAuthtokenConfig } from './keystone-options.ts'

/** An option that cannot be used as it stands beside the others. */
export interface KeystoneProblem {
  /** True: it stands in the section of the account, which `auth_section` may move. */
  readonly inAccount: boolean
  readonly option: string
  /** Holds no secret. */
  readonly problem: string
}

/** What is missing for validating tokens, found before the first token comes. */
export function keystoneProblems(
  authtoken: KeystoneAuthtokenConfig,
  account: KeystoneAccountConfig,
): KeystoneProblem[] {
  const problems: KeystoneProblem[] = []
  const need = (option: keyof KeystoneAccountConfig, problem: string) =>
    problems.push({ inAccount: true, option, problem })
  if (authtoken.memcache_security_strategy !== 'None' && !authtoken.memcache_secret_key) {
    problems.push({ inAccount: false, option: 'memcache_secret_key', problem: 'needed by memcache_security_strategy' })
  }
  if (account.auth_type !== null && account.auth_url === null)
    need('auth_url', `needed by auth_type = ${account.auth_type}`)
  if (account.auth_type === 'v3applicationcredential') {
    if (account.application_credential_id === null && account.application_credential_name === null) {
      need('application_credential_id', 'expected this or application_credential_name')
    }
    if (account.application_credential_secret === null) need('application_credential_secret', 'expected the secret')
  } else if (account.auth_type !== null || account.username !== null || account.user_id !== null) {
    if (account.username === null && account.user_id === null) need('username', 'expected this or user_id')
    if (account.password === null) need('password', 'expected the password of the service user')
  } else if (account.admin_user === null) {
    need('auth_type', 'expected password or v3applicationcredential, with the account of the service')
  }
  return problems
}
