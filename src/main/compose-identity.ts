import type { Config } from '../config/config.ts'
import { pasteDeployOptions } from '../config/groups/paste-deploy.ts'
import { keystoneProblems } from '../drivers/identity/keystone-check.ts'
import { keystone_authtokenOptions, keystoneAccountOptions } from '../drivers/identity/keystone-options.ts'
import { openNoIdentity } from '../drivers/identity/none.ts'
import type { IdentityService } from '../ports/identity.ts'
import type { Logger } from '../ports/logger.ts'

/** Pipelines of `glance-api-paste.ini`, and whether they ask for a token. */
const flavors: Readonly<Record<string, boolean>> = {
  '': false,
  caching: false,
  cachemanagement: false,
  keystone: true,
  'keystone+caching': true,
  'keystone+cachemanagement': true,
}

export interface IdentitySettings {
  /** The flavor asks for a token. */
  readonly authenticates: boolean
  open(log: Logger): Promise<IdentityService>
}

/** Reads `[paste_deploy]` and, if the flavor asks for tokens, `[keystone_authtoken]`. */
export function readIdentity(config: Config): IdentitySettings {
  const flavor = config.group('paste_deploy', pasteDeployOptions).flavor?.trim() ?? ''
  const authenticates = flavors[flavor]
  if (authenticates === undefined) {
    const known = Object.keys(flavors).filter((name) => name !== '')
    config.refuse({ group: 'paste_deploy', name: 'flavor' }, `expected one of ${known.join(', ')}, or nothing`)
  }
  if (!authenticates) return { authenticates: false, open: async () => openNoIdentity() }
  const authtoken = config.group('keystone_authtoken', keystone_authtokenOptions)
  const accountGroup = authtoken.auth_section ?? 'keystone_authtoken'
  const account = config.group(accountGroup, keystoneAccountOptions)
  for (const { inAccount, option, problem } of keystoneProblems(authtoken, account)) {
    config.refuse({ group: inAccount ? accountGroup : 'keystone_authtoken', name: option }, problem)
  }
  return {
    authenticates,
    async open(log) {
      const { KeystoneIdentity } = await import('../drivers/identity/keystone.ts')
      return new KeystoneIdentity({ authtoken, account, log })
    },
  }
}
