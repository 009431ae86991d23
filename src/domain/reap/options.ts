import type { OptionGroup, Values } from '../../config/option.ts'
import { passOptions } from '../passes/options.ts'

export const projectActions = ['none', 'report', 'deactivate', 'delete'] as const

/** `[reaper]`; when the data of deleted images goes is `scrub_time`'s matter. */
export const reaperOptions = {
  ...passOptions(3600),
  staging_grace_time: {
    type: 'integer',
    default: 86_400,
    min: 0,
    unit: 'seconds',
    ours: true,
    help: 'Staged data of images that are deleted, or wait for no import, is removed when they have been so for this time.',
  },
  purge_rows_after: {
    type: 'integer',
    default: 30,
    min: 0,
    unit: 'days',
    ours: true,
    help: 'Rows of all tables but images that were deleted longer ago are removed for good, in small batches.',
  },
  purge_images_after: {
    type: 'integer',
    default: null,
    min: 0,
    unit: 'days',
    ours: true,
    help: 'The same for the table images; unset: never. IDs whose row is gone can be used again (OSSN-0075).',
  },
  unknown_projects: {
    type: 'string',
    default: 'none',
    choices: projectActions,
    ours: true,
    help: 'What is done with images of projects that Keystone does not know: none (nobody asks), report, deactivate, or delete (deactivated first, deleted after unknown_project_delay).',
  },
  unknown_project_delay: {
    type: 'integer',
    default: 2_592_000,
    min: 0,
    unit: 'seconds',
    ours: true,
    help: 'How long a project must have been unknown before its images are deleted.',
  },
} as const satisfies OptionGroup
export type ReaperConfig = Values<typeof reaperOptions>
