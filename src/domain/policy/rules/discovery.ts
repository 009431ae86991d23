import { admin, adminOrService } from './checks.ts'
import type { RuleTable } from './rule.ts'

/** @see glance `glance/policies/discovery.py` */
export const discoveryRules = {
  stores_info_detail: {
    check: adminOrService,
    scope: 'project',
    formerCheck: admin,
    operations: ['GET /v2/info/stores/detail'],
  },
} as const satisfies RuleTable
