import { admin } from './checks.ts'
import type { RuleTable } from './rule.ts'

const manageCache = 'rule:manage_image_cache'

/** @see glance `glance/policies/cache.py` */
export const cacheRules = {
  cache_image: { check: admin, scope: 'project', formerCheck: manageCache, operations: ['PUT /v2/cache/{image_id}'] },
  cache_list: { check: admin, scope: 'project', formerCheck: manageCache, operations: ['GET /v2/cache'] },
  cache_delete: {
    check: admin,
    scope: 'project',
    formerCheck: manageCache,
    operations: ['DELETE /v2/cache', 'DELETE /v2/cache/{image_id}'],
  },
  cache_clean: { check: admin, scope: 'project', operations: ['POST /v2/cache/clean'] },
  cache_prune: { check: admin, scope: 'project', operations: ['POST /v2/cache/prune'] },
} as const satisfies RuleTable
