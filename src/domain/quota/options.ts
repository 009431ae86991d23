import type { OptionGroup } from '../../config/option.ts'

/** `[DEFAULT]` @see glance `common/config.py` */
export const quotaOptions = {
  use_keystone_limits: {
    type: 'boolean',
    default: false,
    help: "Bound what projects use by Keystone's unified limits (image_size_total and image_stage_total in MiB, image_count_total, image_count_uploading) instead of user_storage_quota. The account and the endpoint stand in [oslo_limit]; a limit that is not registered is 0.",
  },
} as const satisfies OptionGroup

/** `[glimpse]` */
export const ownQuotaOptions = {
  strict_size_limits: {
    type: 'boolean',
    default: false,
    ours: true,
    help: 'Refuse data of unknown size (chunked uploads) too as soon as it goes beyond image_size_total. Without it a project that is within its limit may exceed it by one such image, as Glance has it.',
  },
} as const satisfies OptionGroup
