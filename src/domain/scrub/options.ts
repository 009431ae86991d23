import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]`: when and how glance-scrubber works. @see glance `scrubber.py` */
export const scrubberOptions = {
  scrub_time: {
    type: 'integer',
    default: 0,
    min: 0,
    unit: 'seconds',
    help: 'How long the data of a deleted image stays, with delayed_delete, before the scrubber may remove it.',
  },
  scrub_pool_size: {
    type: 'integer',
    default: 1,
    min: 1,
    help: 'How many images the scrubber works on at the same time.',
  },
  wakeup_time: {
    type: 'integer',
    default: 300,
    min: 0,
    unit: 'seconds',
    help: 'Time between two runs of the scrubber as a daemon.',
  },
  daemon: {
    type: 'boolean',
    default: false,
    help: 'The scrubber stays and runs again and again. Otherwise it runs once and ends.',
  },
  restore: {
    type: 'string',
    default: null,
    help: 'Id of an image in pending_delete that is to be active again; the scrubber does only this. Meant for the command line.',
  },
} as const satisfies OptionGroup
export type ScrubberConfig = Values<typeof scrubberOptions>
