import type { OptionGroup } from '../../config/option.ts'

/** `[DEFAULT]`: who may ask, and with which request ids. @see glance `api/middleware/context.py` */
export const contextOptions = {
  allow_anonymous_access: {
    type: 'boolean',
    default: false,
    help: 'Serve requests without a token as nobody, who may read public images.',
  },
  max_request_id_length: {
    type: 'integer',
    default: 64,
    min: 0,
    unit: 'characters',
    help: 'Longest x-openstack-request-id that a client may send; 0: any length.',
  },
} as const satisfies OptionGroup
