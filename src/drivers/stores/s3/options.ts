import type { OptionGroup, Values } from '../../../config/option.ts'

/** @see glance_store `_drivers/s3.py` */
export const s3StoreOptions = {
  s3_store_host: {
    type: 'string',
    default: null,
    help: 'Address of the S3 service: host name or IP address, with `https://` in front for TLS, and a port if need be. Required.',
  },
  s3_store_region_name: {
    type: 'string',
    default: '',
    help: 'Region that requests are signed for. Empty: what an Amazon host name says, else us-east-1.',
  },
  s3_store_access_key: {
    type: 'string',
    default: null,
    secret: true,
    help: 'Access key of the account that owns the data. Required.',
  },
  s3_store_secret_key: { type: 'string', default: null, secret: true, help: 'Secret key of that account. Required.' },
  s3_store_bucket: { type: 'string', default: null, help: 'Bucket that takes the data. Required.' },
  s3_store_create_bucket_on_put: {
    type: 'boolean',
    default: false,
    help: 'Makes the bucket at the first upload if there is none.',
  },
  s3_store_bucket_url_format: {
    type: 'string',
    default: 'auto',
    choices: ['auto', 'virtual', 'path'],
    help: 'Where the bucket stands: in the host name (`virtual`) or in the path (`path`). `auto`: in the host name at Amazon, in the path elsewhere.',
  },
  s3_store_large_object_size: {
    type: 'integer',
    default: 100,
    min: 0,
    unit: 'MiB',
    help: 'Data of this size and more is sent in parts; data below waits in memory until it is complete, as far as that is no more than s3_store_thread_pools parts.',
  },
  s3_store_large_object_chunk_size: {
    type: 'integer',
    default: 10,
    min: 5,
    unit: 'MiB',
    help: 'Size of a part. Parts grow where 10000 of this size would not hold the data.',
  },
  s3_store_thread_pools: {
    type: 'integer',
    default: 10,
    min: 1,
    help: 'Parts of one upload that are kept in memory, of which all but one may be on their way.',
  },
  s3_store_cacert: {
    type: 'string',
    default: '',
    help: 'File with the certificates of the authorities that are trusted. Empty: those of Node.',
  },
  s3_store_enable_data_integrity_protection: {
    type: 'boolean',
    default: false,
    help: 'Lets the two options below decide on checksums. Off, there are none beside those that S3 requires, which every S3-like service understands.',
  },
  s3_store_request_checksum_calculation: {
    type: 'string',
    default: 'when_required',
    choices: ['when_required', 'when_supported'],
    help: 'Checksums of what is sent, with s3_store_enable_data_integrity_protection.',
  },
  s3_store_response_checksum_validation: {
    type: 'string',
    default: 'when_required',
    choices: ['when_required', 'when_supported'],
    help: 'Checking of what is received, with s3_store_enable_data_integrity_protection.',
  },
  s3_store_credentials_in_locations: {
    type: 'boolean',
    default: true,
    ours: true,
    help: 'Writes both keys into the locations of new images. Glance 25.1 can read no others; turn it off once none shares the database. For reading, the keys of the configuration always come first.',
  },
} as const satisfies OptionGroup
export type S3StoreConfig = Values<typeof s3StoreOptions>

/** The options that must be set. */
export const requiredS3Options = [
  's3_store_host',
  's3_store_access_key',
  's3_store_secret_key',
  's3_store_bucket',
] as const
