import type { OptionGroup, Values } from '../../../config/option.ts'

/** @see glance_store `_drivers/http.py` */
export const httpStoreOptions = {
  https_ca_certificates_file: {
    type: 'string',
    default: null,
    help: 'File with the certificates of the authorities that are trusted for https locations.',
  },
  https_insecure: {
    type: 'boolean',
    default: true,
    help: 'Accept any certificate of https locations. Without effect when `https_ca_certificates_file` is set.',
  },
  http_proxy_information: {
    type: 'dict',
    default: {},
    help: 'Proxies by the scheme of the location, as in `http:10.0.0.1:3128,https:10.0.0.1:1080`.',
  },
  http_local_hosts: {
    type: 'list',
    default: [],
    ours: true,
    help: 'Hosts (names or IP addresses) that data is read from although they are this machine or its link, or the metadata service of a cloud. Private networks need no mention. Hosts of `[import_filtering_opts] allowed_hosts` count too.',
  },
} as const satisfies OptionGroup
export type HttpStoreConfig = Values<typeof httpStoreOptions>
