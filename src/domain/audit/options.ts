import type { OptionGroup, Values } from '../../config/option.ts'
import { passOptions } from '../passes/options.ts'

export const orphanRemovals = ['none', 'known', 'all'] as const

/** `[auditor]` */
export const auditorOptions = {
  ...passOptions(86_400),
  digests: {
    type: 'boolean',
    default: false,
    ours: true,
    help: 'Read all data and compare its digest with that of the image; otherwise existence and size are compared.',
  },
  repair: {
    type: 'boolean',
    default: true,
    ours: true,
    help: 'Replace data that is missing or wrong by that of another location of the image, if its digest is right.',
  },
  orphan_removal: {
    type: 'string',
    default: 'known',
    choices: orphanRemovals,
    ours: true,
    help: 'Which blobs that no image owns are removed after orphan_grace_time: none, known (the database knows the image as deleted) or all. With all, no other service may keep images in the same place.',
  },
  orphan_grace_time: {
    type: 'integer',
    default: 604_800,
    min: 0,
    unit: 'seconds',
    ours: true,
    help: 'How long a blob that no image owns is only reported. It is removed once two passes have seen it and this time is over.',
  },
  stuck_after: {
    type: 'integer',
    default: 172_800,
    min: 1,
    unit: 'seconds',
    ours: true,
    help: 'An image that has been saving or importing for longer, without a job that works on it, is reported. Longer than any upload takes.',
  },
} as const satisfies OptionGroup
export type AuditorConfig = Values<typeof auditorOptions>
