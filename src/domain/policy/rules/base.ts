import { admin } from './checks.ts'
import type { RuleTable } from './rule.ts'

/** Rules that others refer to. @see glance `glance/policies/base.py` */
export const baseRules = {
  default: { check: '', formerCheck: admin, operations: [] },
  context_is_admin: { check: 'role:admin', operations: [] },
  service_api: { check: 'role:service or role:admin', operations: [] },
} as const satisfies RuleTable
