import { admin } from './checks.ts'
import type { RuleTable } from './rule.ts'

/** The programs that keep the service whole; Glance has nothing like them. */
export const passRules = {
  glimpse_read_passes: {
    check: admin,
    scope: 'project',
    operations: [
      'GET /v2/glimpse/programs',
      'GET /v2/glimpse/passes',
      'GET /v2/glimpse/passes/{pass_id}',
      'GET /v2/glimpse/findings',
      'GET /v2/glimpse/replication/rules',
      'GET /v2/glimpse/replication/rules/{name}',
      'GET /v2/glimpse/replication/images',
      'GET /v2/glimpse/replication/images/{image_id}',
    ],
  },
  glimpse_manage_passes: {
    check: admin,
    scope: 'project',
    operations: [
      'POST /v2/glimpse/programs/{program}/actions/pause',
      'POST /v2/glimpse/programs/{program}/actions/resume',
      'PUT /v2/glimpse/replication/rules/{name}',
      'DELETE /v2/glimpse/replication/rules/{name}',
    ],
  },
} as const satisfies RuleTable
