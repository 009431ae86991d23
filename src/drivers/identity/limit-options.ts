import type { OptionGroup, Values } from '../../config/option.ts'
import { keystone_authtokenOptions, serviceAccountOptions } from './keystone-options.ts'

const { certfile, keyfile, cafile, insecure } = keystone_authtokenOptions

/** `[oslo_limit]`: where the limits of projects are read. @see oslo_limit `opts.py` */
export const oslo_limitOptions = {
  endpoint_id: {
    type: 'string',
    default: null,
    help: "Id of this service's endpoint in Keystone's catalog: the limits of its service and region count.",
  },
  endpoint_service_name: {
    type: 'string',
    default: null,
    help: 'Name of this service in the catalog, to find the endpoint if endpoint_id is not set.',
  },
  endpoint_service_type: {
    type: 'string',
    default: null,
    help: 'Type of this service in the catalog (image), to find the endpoint if endpoint_id is not set.',
  },
  endpoint_region_name: { type: 'string', default: null, help: 'Region of that endpoint.' },
  endpoint_interface: {
    type: 'string',
    default: 'public',
    choices: ['public', 'publicURL', 'internal', 'internalURL', 'admin', 'adminURL'],
    help: 'Interface of that endpoint.',
  },
  certfile,
  keyfile,
  cafile,
  insecure,
  timeout: {
    type: 'integer',
    default: null,
    min: 1,
    unit: 'seconds',
    help: 'Longest time that reading limits may take; 10 if it is not set. Then the answer is 503.',
  },
  auth_section: {
    type: 'string',
    default: null,
    help: 'Section that holds the account of the service instead of this one.',
  },
} as const satisfies OptionGroup

export const oslo_limitAccountOptions = serviceAccountOptions

export type OsloLimitConfig = Values<typeof oslo_limitOptions>
