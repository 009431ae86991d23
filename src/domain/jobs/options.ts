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

/** `[glimpse]` */
export const ownJobOptions = {
  job_lease: {
    type: 'integer',
    default: 30,
    min: 2,
    max: 3600,
    unit: 'seconds',
    ours: true,
    help: 'How long a job of a process that died waits until another process takes it over. Longer than what the database may be away for in normal times.',
  },
} as const satisfies OptionGroup
