import type { OptionGroup } from '../../config/option.ts'

/** `[taskflow_executor]` @see glance `async_/taskflow_executor.py` */
export const jobOptions = {
  max_workers: {
    type: 'integer',
    default: 10,
    min: 1,
    deprecatedNames: ['task/eventlet_executor_pool_size'],
    help: 'Jobs (imports, copies between stores, hashes) that one worker process runs at the same time.',
  },
} as const satisfies OptionGroup
