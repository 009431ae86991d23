import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { protectionOptions } from '../domain/protections/options.ts'
import { PropertyProtections } from '../domain/protections/property-protections.ts'
import { type PropertyRule, propertyActions, type RuleFormat, readPropertyRules } from '../domain/protections/rules.ts'
import { GlimpseError } from '../errors/error.ts'
import type { Logger } from '../ports/logger.ts'

/** The protection file as it was read; null: properties are not protected. */
export type ProtectionSettings = readonly PropertyRule[] | null

/** Reads the protection file, if there is one. A file that cannot be used is a fault of the configuration. */
export async function readProtections(config: Config): Promise<ProtectionSettings> {
  const options = config.group('DEFAULT', protectionOptions)
  const { property_protection_file: name, property_protection_rule_format: format } = options
  if (!name) return null
  const refuse = (problem: string) => config.refuse({ group: 'DEFAULT', name: 'property_protection_file' }, problem)
  const dirs = [...config.files.map((file) => dirname(file)).reverse(), '/etc/glance']
  for (const file of new Set(dirs.map((dir) => resolve(dir, name)))) {
    try {
      return readPropertyRules(await readFile(file, 'utf8'), { file, format: format as RuleFormat })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
      if (!(error instanceof GlimpseError) && !('code' in (error as Error))) throw error
      refuse((error as Error).message)
      return null
    }
  }
  refuse('there is no such file in the directories of the configuration')
  return null
}

/** Puts the protection file in force. What of it lets nobody pass, or everybody by an oversight, is logged. */
export function protectionsOf(
  rules: ProtectionSettings,
  { policy, log }: { policy: Policy; log: Logger },
): PropertyProtections | undefined {
  if (rules === null) return undefined
  for (const { section, permissions } of rules) {
    for (const action of propertyActions) {
      const permission = permissions[action]
      if (typeof permission === 'string' || 'roles' in permission || policy.has(permission.policy)) continue
      const fields = { section, action, rule: permission.policy }
      log.warn(fields, 'a property protection names a policy rule that does not exist; the default rule stands for it')
    }
  }
  return new PropertyProtections(rules, policy)
}
