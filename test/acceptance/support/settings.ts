import type { Sections } from '../../support/config-file.ts'

/** Small limits, so that the cases reach them. */
export const caseSettings: Sections = {
  DEFAULT: {
    limit_param_default: 4,
    api_limit_max: 6,
    image_property_quota: 10,
    image_tag_quota: 6,
    image_member_quota: 3,
    image_size_cap: 1_048_576,
  },
  // On a busy machine Keystone takes its time.
  keystone_authtoken: { http_connect_timeout: 60 },
}
