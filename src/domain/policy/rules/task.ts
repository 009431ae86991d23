import { admin, byDefault } from './checks.ts'
import type { RuleTable } from './rule.ts'

/** @see glance `glance/policies/tasks.py` */
export const taskRules = {
  get_task: { check: byDefault, scope: 'project', operations: ['GET /v2/tasks/{task_id}'] },
  get_tasks: { check: byDefault, scope: 'project', operations: ['GET /v2/tasks'] },
  add_task: { check: byDefault, scope: 'project', operations: ['POST /v2/tasks'] },
  modify_task: { check: byDefault, scope: 'project', operations: ['DELETE /v2/tasks/{task_id}'] },
  tasks_api_access: {
    check: admin,
    scope: 'project',
    operations: ['GET /v2/tasks/{task_id}', 'GET /v2/tasks', 'POST /v2/tasks', 'DELETE /v2/tasks/{task_id}'],
  },
} as const satisfies RuleTable
