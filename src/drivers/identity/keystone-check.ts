import type { KeystoneAccountConfig, KeystoneAuthtokenConfig, ServiceAccountConfig } from './keystone-options.ts'

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
  if (authtoken.memcache_security_strategy !== 'None' && !authtoken.memcache_secret_key) {
    problems.push({ inAccount: false, option: 'memcache_secret_key', problem: 'needed by memcache_security_strategy' })
  }
  const isNew = account.auth_type !== null || account.username !== null || account.user_id !== null
  if (!isNew && account.admin_user === null) {
    const problem = 'expected password or v3applicationcredential, with the account of the service'
    problems.push({ inAccount: true, option: 'auth_type', problem })
  }
  if (account.auth_type !== null && account.auth_url === null) {
    problems.push({ inAccount: true, option: 'auth_url', problem: `needed by auth_type = ${account.auth_type}` })
  }
  if (isNew)
    for (const [option, problem] of accountProblems(account)) problems.push({ inAccount: true, option, problem })
  return problems
}

/** What an account of the newer options lacks, as pairs of option and problem. */
export function accountProblems(
  account: ServiceAccountConfig,
): [option: keyof ServiceAccountConfig, problem: string][] {
  const problems: [keyof ServiceAccountConfig, string][] = []
  if (account.auth_type === 'v3applicationcredential') {
    if (account.application_credential_id === null && account.application_credential_name === null) {
      problems.push(['application_credential_id', 'expected this or application_credential_name'])
    }
    if (account.application_credential_secret === null) {
      problems.push(['application_credential_secret', 'expected the secret'])
    }
    return problems
  }
  if (account.username === null && account.user_id === null) problems.push(['username', 'expected this or user_id'])
  if (account.password === null) problems.push(['password', 'expected the password of the service user'])
  return problems
}
