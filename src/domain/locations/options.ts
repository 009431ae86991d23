import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]`: where data lies. @see glance `common/config.py` */
export const locationOptions = {
  metadata_encryption_key: {
    type: 'string',
    default: null,
    secret: true,
    help: 'AES key, 16, 24 or 32 characters: the URLs of locations are encrypted with it in the database. All services and scrubbers on one database need the same. What was written without a key stays readable.',
  },
  do_secure_hash: {
    type: 'boolean',
    default: true,
    help: 'Compute the hashes of data whose location was added by POST. Off, the image has those that the request gave, unchecked, or none.',
  },
  http_retries: {
    type: 'integer',
    default: 3,
    help: 'How often reading the data for its hashes is tried again after a failure.',
  },
} as const satisfies OptionGroup
export type LocationConfig = Values<typeof locationOptions>
