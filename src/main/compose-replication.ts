import type { Config } from '../config/config.ts'
import { apiOptions } from '../config/groups/api.ts'
import {
  type ReplicationConfig,
  type ReplicationRuleConfig,
  replicationOptions,
  replicationRuleOptions,
} from '../domain/replication/options.ts'
import { readRule } from '../domain/replication/read-rule.ts'
import { GlimpseError } from '../errors/error.ts'
import type { ReplicationRule } from '../ports/replication.ts'

/** What `[replication]` and the sections of its rules say. */
export interface ReplicationSettings extends ReplicationConfig {
  readonly configured: readonly ReplicationRule[]
}

/** Reads `[replication]` and `[replication:NAME]` of each rule. */
export function readReplication(config: Config): ReplicationSettings {
  const values = config.group('replication', replicationOptions)
  const { enabled_backends: backends } = config.group('DEFAULT', apiOptions)
  const configured = values.rules.flatMap((name) => {
    const group = `replication:${name}`
    const written = config.group(group, replicationRuleOptions)
    for (const id of written.stores) {
      if (!Object.hasOwn(backends, id)) config.refuse({ group, name: 'stores' }, `${id} is no id in enabled_backends`)
    }
    return ruleOf(config, { name, written })
  })
  return { ...values, configured }
}

function ruleOf(
  config: Config,
  { name, written }: { name: string; written: ReplicationRuleConfig },
): ReplicationRule[] {
  try {
    return [readRule(name, written)]
  } catch (error) {
    if (!(error instanceof GlimpseError)) throw error
    config.refuse({ group: 'replication', name: 'rules' }, `the rule ${name} cannot be used: ${error.message}`)
    return []
  }
}
