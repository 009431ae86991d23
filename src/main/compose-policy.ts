import { dirname } from 'node:path'
import type { Config } from '../config/config.ts'
import { oslo_policyOptions, policyDefaultOptions } from '../domain/policy/options.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { Logger } from '../ports/logger.ts'

export interface OpenPolicy {
  readonly policy: Policy
  close(): Promise<void>
}

export type PolicySettings = (log: Logger) => Promise<OpenPolicy>

/** Reads `[oslo_policy]`. What it gives opens the policy with the rules of its files. */
export function readPolicy(config: Config): PolicySettings {
  const options = config.group('oslo_policy', oslo_policyOptions)
  const { enforce_secure_rbac } = config.group('DEFAULT', policyDefaultOptions)
  const searchDirs = [...new Set([...config.files.map((file) => dirname(file)).reverse(), '/etc/glance'])]
  return async (log) => {
    // A process that only reads the configuration does without them.
    const { Policy } = await import('../domain/policy/policy.ts')
    const { followPolicyFiles } = await import('../domain/policy/policy-files.ts')
    const { openRemoteCheck } = await import('../drivers/identity/remote-check.ts')
    const remote = openRemoteCheck({
      contentType: options.remote_content_type,
      verifyServer: options.remote_ssl_verify_server_crt,
      caFile: options.remote_ssl_ca_crt_file,
      certFile: options.remote_ssl_client_crt_file,
      keyFile: options.remote_ssl_client_key_file,
      timeoutMs: options.remote_timeout * 1000,
      log,
    })
    const policy = new Policy({
      enforceNewDefaults: options.enforce_new_defaults || enforce_secure_rbac,
      enforceScope: options.enforce_scope,
      defaultRule: options.policy_default_rule,
      remote,
    })
    const files = await followPolicyFiles(policy, {
      file: options.policy_file,
      dirs: options.policy_dirs,
      searchDirs,
      log,
    })
    return {
      policy,
      close: async () => {
        files.close()
        await remote.close()
      },
    }
  }
}
