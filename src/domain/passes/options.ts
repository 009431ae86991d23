import type { OptionGroup, Values } from '../../config/option.ts'

/** What all programs that work by passes have in their sections. `interval`: seconds. */
export function passOptions<Interval extends number>(interval: Interval) {
  return {
    run_in_api: {
      type: 'boolean',
      default: false,
      ours: true,
      help: 'The processes of glance-api work on the passes of this program too, and begin one when it is due.',
    },
    interval: {
      type: 'integer',
      default: interval,
      min: 1,
      unit: 'seconds',
      ours: true,
      help: 'Time from the begin of one pass to that of the next, as a daemon and in glance-api. One pass at a time runs, over all nodes.',
    },
    workers: {
      type: 'integer',
      default: 1,
      min: 1,
      ours: true,
      help: 'Steps of a pass that one process works on at the same time.',
    },
    items_per_second: {
      type: 'integer',
      default: 200,
      min: 0,
      ours: true,
      help: 'Images, blobs or rows that one process looks at in a second at most; 0: without limit.',
    },
    bytes_per_second: {
      type: 'integer',
      default: 67_108_864,
      min: 0,
      unit: 'bytes',
      ours: true,
      help: 'Data of images that one process reads in a second at most; 0: without limit.',
    },
  } as const satisfies OptionGroup
}
export type PassConfig = Values<ReturnType<typeof passOptions<number>>>
