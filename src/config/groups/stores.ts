import type { OptionGroup, Values } from '../option.ts'

/** `[glance_store]`: which stores there are. @see glance_store `backend.py`, `multi_backend.py` */
export const glanceStoreOptions = {
  stores: {
    type: 'list',
    default: ['file', 'http'],
    help: 'Types of the stores of an installation without enabled_backends.',
  },
  default_store: {
    type: 'string',
    default: 'file',
    choices: [
      'file',
      'filesystem',
      'http',
      'https',
      'swift',
      'swift+http',
      'swift+https',
      'swift+config',
      'rbd',
      'cinder',
      'vsphere',
      's3',
    ],
    help: 'Scheme of the store that receives data, in an installation without enabled_backends.',
  },
  default_backend: {
    type: 'string',
    default: null,
    help: 'Id of the store that receives data when a request names none; one of enabled_backends.',
  },
} as const satisfies OptionGroup
export type GlanceStoreConfig = Values<typeof glanceStoreOptions>

/** The section of each of `enabled_backends`: what stores of every type have. @see glance_store `multi_backend.py` */
export const backendOptions = {
  store_description: {
    type: 'string',
    default: null,
    help: 'What users are told of the store; with enabled_backends, in the section of the store.',
  },
  weight: {
    type: 'integer',
    default: 0,
    help: 'Of several stores that have an image, the one with the greatest weight is read; with enabled_backends, in the section of the store.',
  },
} as const satisfies OptionGroup
export type BackendConfig = Values<typeof backendOptions>
