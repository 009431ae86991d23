import type { OptionGroup, Values } from '../../config/option.ts'
import { passOptions } from '../passes/options.ts'

/** `[updater]` */
export const updaterOptions = {
  ...passOptions(3600),
  stuck_after: {
    type: 'integer',
    default: 172_800,
    min: 1,
    unit: 'seconds',
    ours: true,
    help: 'An image that has been saving or importing for longer, without a job that works on it, is queued again; locks and unfinished locations of images that nothing has changed for so long are taken away. Longer than any upload takes.',
  },
  url_prefixes: {
    type: 'multi',
    default: [],
    ours: true,
    help: 'Old and new begin of the URLs of locations, with a space between: for data that was moved or a store that was renamed. A URL is changed only if the data is there and has the size of the image. May be repeated.',
  },
} as const satisfies OptionGroup
export type UpdaterConfig = Values<typeof updaterOptions>
