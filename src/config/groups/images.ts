import type { OptionGroup, Values } from '../option.ts'

/** `[DEFAULT]`: limits and behaviour of the images API. @see glance `common/config.py`, `scrubber.py`, `common/property_utils.py` */
export const imagesOptions = {
  limit_param_default: {
    type: 'integer',
    default: 25,
    min: 1,
    help: 'Length of a page of a list when the request names no limit.',
  },
  api_limit_max: {
    type: 'integer',
    default: 1000,
    min: 1,
    help: 'Greatest length of a page of a list, whatever limit the request names.',
  },
  image_member_quota: { type: 'integer', default: 128, help: 'Most members of one image; below 0: no limit.' },
  image_property_quota: {
    type: 'integer',
    default: 128,
    help: 'Most custom properties of one image; below 0: no limit.',
  },
  image_tag_quota: { type: 'integer', default: 128, help: 'Most tags of one image; below 0: no limit.' },
  image_location_quota: { type: 'integer', default: 10, help: 'Most locations of one image; below 0: no limit.' },
  image_size_cap: {
    type: 'integer',
    default: 1099511627776,
    min: 1,
    max: 2 ** 63,
    unit: 'bytes',
    help: 'Greatest size of the data of one image.',
  },
  user_storage_quota: {
    type: 'string',
    default: '0',
    help: 'Space that all images of one project may take together: a number with B, KB, MB, GB or TB directly behind it, without a unit bytes. 0: no limit.',
  },
  hashing_algorithm: {
    type: 'string',
    default: 'sha512',
    help: 'Algorithm of os_hash_value, computed while data is received.',
  },
  show_image_direct_url: {
    type: 'boolean',
    default: false,
    help: 'Show where the data of an image lies, as direct_url. Locations may tell an attacker about the storage.',
  },
  show_multiple_locations: {
    type: 'boolean',
    default: false,
    help: 'Show all locations of an image and let requests change them. Locations may tell an attacker about the storage.',
  },
  allow_additional_image_properties: {
    type: 'boolean',
    default: true,
    help: 'Let images have custom properties.',
  },
  property_protection_file: {
    type: 'string',
    default: null,
    help: 'File that tells who may create, read, update and delete which custom properties. Unset: no protection.',
  },
  property_protection_rule_format: {
    type: 'string',
    default: 'roles',
    choices: ['roles', 'policies'],
    help: 'What the property protection file names: roles of users, or rules of the policy.',
  },
  enabled_backends: {
    type: 'dict',
    default: {},
    help: 'Stores as id:type, separated by commas; each id has a section of its own. Unset: the single form, with stores and default_store in [glance_store].',
  },
  enabled_import_methods: {
    type: 'list',
    bounds: true,
    quotes: true,
    choices: ['glance-direct', 'web-download', 'copy-image', 'glance-download'],
    default: ['glance-direct', 'web-download', 'copy-image'],
    help: 'Ways of import that are offered, in brackets: [glance-direct,web-download].',
  },
  image_cache_dir: {
    type: 'string',
    default: null,
    help: 'Directory of the image cache. When it is set, the versions of the API that have cache management are offered.',
  },
  delayed_delete: {
    type: 'boolean',
    default: false,
    help: 'Deleted images wait in status pending_delete until the scrubber removes their data.',
  },
  scrub_time: {
    type: 'integer',
    default: 0,
    min: 0,
    unit: 'seconds',
    help: 'How long an image stays in pending_delete before the scrubber takes it.',
  },
} as const satisfies OptionGroup
export type ImagesConfig = Values<typeof imagesOptions>
