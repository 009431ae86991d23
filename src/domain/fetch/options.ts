import type { OptionGroup, Values } from '../../config/option.ts'

/** `[import_filtering_opts]`: which web addresses a user may make the service fetch. @see glance `async_/flows/_internal_plugins/__init__.py` */
export const import_filtering_optsOptions = {
  allowed_schemes: {
    type: 'list',
    default: ['http', 'https'],
    bounds: true,
    quotes: true,
    help: 'Schemes that addresses given by users may have. Not empty: disallowed_schemes has no effect.',
  },
  disallowed_schemes: {
    type: 'list',
    default: [],
    bounds: true,
    quotes: true,
    help: 'Schemes that are refused while allowed_schemes is empty.',
  },
  allowed_hosts: {
    type: 'list',
    default: [],
    bounds: true,
    help: 'The only hosts that users may name, by name or IP address. Not empty: disallowed_hosts has no effect. A host in this list may also be one of this machine or its link, which is refused otherwise.',
  },
  disallowed_hosts: {
    type: 'list',
    default: [],
    bounds: true,
    help: 'Hosts that are refused while allowed_hosts is empty; an IP address is refused behind any name.',
  },
  allowed_ports: {
    type: 'list',
    default: ['80', '443'],
    bounds: true,
    help: 'The only ports that users may name. Not empty: disallowed_ports has no effect.',
  },
  disallowed_ports: {
    type: 'list',
    default: [],
    bounds: true,
    help: 'Ports that are refused while allowed_ports is empty.',
  },
} as const satisfies OptionGroup
export type ImportFilteringConfig = Values<typeof import_filtering_optsOptions>
