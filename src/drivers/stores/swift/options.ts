import type { OptionGroup, Values } from '../../../config/option.ts'

/** The "MB" of the options that count sizes. @see glance_store `ONE_MB` */
export const sizeUnitBytes = 1_024_000

/** Which account at Keystone holds the data. @see glance_store `_drivers/swift/utils.py` */
const accountOptions = {
  default_swift_reference: {
    type: 'string',
    default: 'ref1',
    help: 'Name of the account that takes new data: a section of `swift_store_config_file`, or the name of the account that the options here describe.',
  },
  swift_store_auth_version: {
    type: 'string',
    default: '3',
    choices: ['2', '3'],
    help: "Version of Keystone's API. Version 3 is spoken whatever stands here; files of old releases have a 2.",
  },
  swift_store_auth_address: {
    type: 'string',
    default: null,
    help: 'URL of Keystone. Better given as `auth_address` in `swift_store_config_file`.',
  },
  swift_store_user: {
    type: 'string',
    default: null,
    secret: true,
    help: 'Account as `project:user`. Better given as `user` in `swift_store_config_file`, which keeps it out of the database.',
  },
  swift_store_key: {
    type: 'string',
    default: null,
    secret: true,
    help: 'Password of the account. Better given as `key` in `swift_store_config_file`, which keeps it out of the database.',
  },
  swift_store_application_credential_id: {
    type: 'string',
    default: null,
    secret: true,
    help: 'Id of an application credential, used instead of user and key.',
  },
  swift_store_application_credential_secret: {
    type: 'string',
    default: null,
    secret: true,
    help: 'Secret of `swift_store_application_credential_id`.',
  },
  swift_store_project_name: {
    type: 'string',
    default: null,
    help: 'Accepted without effect: an application credential knows its project.',
  },
  swift_store_project_id: {
    type: 'string',
    default: null,
    help: 'Accepted without effect: an application credential knows its project.',
  },
  swift_store_config_file: {
    type: 'string',
    default: null,
    help: 'File with one section for each account: `auth_address` with `user` and `key`, or with `application_credential_id` and `application_credential_secret`, and optionally `user_domain_id` (or `_name`) and `project_domain_id` (or `_name`), which default to the domain `default`. Locations then name the section, not the secret. Cannot be used with `swift_store_multi_tenant`.',
  },
} as const satisfies OptionGroup

/** @see glance_store `_drivers/swift/store.py`, `buffered.py` */
export const swiftStoreOptions = {
  ...accountOptions,
  swift_store_auth_insecure: {
    type: 'boolean',
    default: false,
    help: 'Accept any certificate of Keystone and Swift.',
  },
  swift_store_cacert: {
    type: 'string',
    default: null,
    help: 'File with the certificates of the authorities that are trusted for Keystone and Swift.',
  },
  swift_store_region: { type: 'string', default: null, help: "Region of Swift in Keystone's catalog; empty: any." },
  swift_store_endpoint: {
    type: 'string',
    default: null,
    help: "URL of the account at Swift, without container. Empty: taken from Keystone's catalog.",
  },
  swift_store_endpoint_type: {
    type: 'string',
    default: 'publicURL',
    choices: ['publicURL', 'adminURL', 'internalURL'],
    help: 'Which of the endpoints in the catalog is used.',
  },
  swift_store_service_type: { type: 'string', default: 'object-store', help: 'Type of the service in the catalog.' },
  swift_store_container: {
    type: 'string',
    default: 'glance',
    help: 'Container for images, or what the names of several containers begin with.',
  },
  swift_store_large_object_size: {
    type: 'integer',
    default: 5120,
    min: 1,
    unit: '1024000 bytes',
    help: 'Images of this size and more, and those of unknown size, are stored in segments.',
  },
  swift_store_large_object_chunk_size: {
    type: 'integer',
    default: 200,
    min: 1,
    unit: '1024000 bytes',
    help: 'Size of a segment.',
  },
  swift_store_create_container_on_put: {
    type: 'boolean',
    default: false,
    help: 'Make the container if it is missing.',
  },
  swift_store_multi_tenant: {
    type: 'boolean',
    default: false,
    help: "Keep images in the accounts of those who upload them, each in a container of its own, instead of the service's account.",
  },
  swift_store_multiple_containers_seed: {
    type: 'integer',
    default: 0,
    min: 0,
    max: 32,
    help: "Spread images over several containers, named after this many of the first characters of an image's id (`glance_fd1` with 3). 0: one container. Without effect with `swift_store_multi_tenant`.",
  },
  swift_store_admin_tenants: {
    type: 'list',
    default: [],
    help: 'Ids of projects that may write to all containers, with `swift_store_multi_tenant`.',
  },
  swift_store_ssl_compression: {
    type: 'boolean',
    default: true,
    help: 'Accepted without effect: TLS no longer compresses.',
  },
  swift_store_retry_get_count: {
    type: 'integer',
    default: 0,
    min: 0,
    help: 'How often a download that breaks off goes on from where it was.',
  },
  swift_store_expire_soon_interval: {
    type: 'integer',
    default: 60,
    min: 0,
    unit: 'seconds',
    help: 'Tokens are renewed this long before they expire.',
  },
  swift_store_use_trusts: {
    type: 'boolean',
    default: true,
    help: "With `swift_store_multi_tenant`: let the service's account act for the user by a trust of Keystone while a large image is uploaded, so that the end of the user's token does not end the upload.",
  },
  swift_buffer_on_upload: {
    type: 'boolean',
    default: false,
    help: 'Keep each segment in `swift_upload_buffer_dir` until Swift has it, so that it can be sent again.',
  },
  swift_upload_buffer_dir: {
    type: 'string',
    default: null,
    help: 'Directory for `swift_buffer_on_upload`, with room for one segment for each running upload.',
  },
} as const satisfies OptionGroup
export type SwiftStoreConfig = Values<typeof swiftStoreOptions>
