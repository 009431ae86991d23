import type { Config } from '../config/config.ts'
import { imageDataOptions, parseStorageQuota } from '../domain/images/data-options.ts'
import { ownQuotaOptions, quotaOptions } from '../domain/quota/options.ts'
import { storageQuota } from '../domain/quota/storage-quota.ts'
import { accountProblems } from '../drivers/identity/keystone-check.ts'
import { oslo_limitAccountOptions, oslo_limitOptions } from '../drivers/identity/limit-options.ts'
import type { Logger } from '../ports/logger.ts'
import type { QuotaLimits } from '../ports/quota.ts'

export interface QuotaSettings {
  /** Null: projects have no quotas. */
  open(log: Logger): Promise<QuotaLimits | null>
}

/** Reads `use_keystone_limits` with `[oslo_limit]`, or `user_storage_quota`. */
export function readQuotas(config: Config): QuotaSettings {
  const { user_storage_quota } = config.group('DEFAULT', imageDataOptions)
  const bytes = parseStorageQuota(user_storage_quota)
  if (bytes === undefined) {
    config.refuse({ group: 'DEFAULT', name: 'user_storage_quota' }, 'expected a size such as 500MB, or 0')
  }
  const { use_keystone_limits } = config.group('DEFAULT', quotaOptions)
  const { strict_size_limits: strict } = config.group('glimpse', ownQuotaOptions)
  if (!use_keystone_limits) return { open: async () => (bytes ? storageQuota(bytes) : null) }
  const limit = config.group('oslo_limit', oslo_limitOptions)
  const group = limit.auth_section ?? 'oslo_limit'
  const account = config.group(group, oslo_limitAccountOptions)
  const { auth_url } = account
  if (auth_url === null) config.refuse({ group, name: 'auth_url' }, 'needed by use_keystone_limits')
  for (const [name, problem] of accountProblems(account)) config.refuse({ group, name }, problem)
  if (limit.endpoint_id === null && limit.endpoint_service_type === null && limit.endpoint_service_name === null) {
    config.refuse(
      { group: 'oslo_limit', name: 'endpoint_id' },
      'expected this, endpoint_service_type or endpoint_service_name',
    )
  }
  return {
    async open(log) {
      const { KeystoneLimits } = await import('../drivers/identity/keystone-limits.ts')
      return new KeystoneLimits({ limit, account: { ...account, auth_url: auth_url ?? '' }, strict, log })
    },
  }
}
