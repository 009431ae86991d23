import { defaultRules } from './rules/index.ts'

/** The text of `etc/policy.yaml.sample`: every rule with its default, commented out. */
export function renderPolicySample(): string {
  const lines = [
    '# Rules of Glimpse with their defaults. To change a rule, take away its "#" and write your own; the rest may be left out.',
    '# The file is read again when it changes. The language is that of oslo.policy.',
    '',
  ]
  for (const [name, { check, formerCheck, operations }] of Object.entries(defaultRules)) {
    for (const operation of operations) lines.push(`# ${operation}`)
    if (formerCheck !== undefined) {
      lines.push(`# Without enforce_new_defaults also: "${formerCheck}"`)
    }
    lines.push(`#"${name}": "${check}"`, '')
  }
  return lines.join('\n')
}
