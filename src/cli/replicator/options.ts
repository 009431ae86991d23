import type { OptionGroup, Values } from '../../config/option.ts'

/** `[DEFAULT]` of glance-replicator; each has a flag too. @see glance `cmd/replicator.py` */
export const replicatorOptions = {
  chunksize: {
    type: 'integer',
    default: 65536,
    min: 1,
    unit: 'bytes',
    help: 'Most data that the replicator passes on in one piece.',
  },
  dontreplicate: {
    type: 'string',
    default: 'created_at date deleted_at location updated_at',
    help: 'Attributes and properties that the replicator neither copies nor compares, separated by spaces.',
  },
  metaonly: { type: 'boolean', default: false, help: 'The replicator copies no data, and so makes no new images.' },
  token: {
    type: 'string',
    default: '',
    secret: true,
    help: 'Token for both services of the replicator; stands above the other two.',
  },
  sourcetoken: {
    type: 'string',
    default: '',
    secret: true,
    deprecatedNames: ['mastertoken'],
    help: 'Token for the service that the replicator reads.',
  },
  targettoken: {
    type: 'string',
    default: '',
    secret: true,
    deprecatedNames: ['slavetoken'],
    help: 'Token for the service that the replicator writes.',
  },
} as const satisfies OptionGroup
export type ReplicatorConfig = Values<typeof replicatorOptions>
