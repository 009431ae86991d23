import type { OptionGroup, Values } from '../../config/option.ts'

/** `[task]` @see glance `common/config.py` `task_opts` */
export const taskOptions = {
  task_time_to_live: {
    type: 'integer',
    default: 48,
    unit: 'hours',
    deprecatedNames: ['DEFAULT/task_time_to_live'],
    help: 'How long a task is shown after it has ended.',
  },
} as const satisfies OptionGroup
export type TaskConfig = Values<typeof taskOptions>
