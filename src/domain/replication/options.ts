import type { OptionGroup, Values } from '../../config/option.ts'
import { visibilities } from '../../ports/image.ts'
import { passOptions } from '../passes/options.ts'

/** `[replication]` */
export const replicationOptions = {
  ...passOptions(300),
  rules: {
    type: 'list',
    default: [],
    ours: true,
    help: 'Names of rules that say which images shall be in which stores; each stands in a section [replication:NAME]. More can be given by /v2/glimpse/replication/rules.',
  },
  check_interval: {
    type: 'integer',
    default: 86400,
    min: 0,
    unit: 'seconds',
    ours: true,
    help: 'How long it is taken for granted that a copy is still in its store; after that the next pass asks the store. 0: every pass asks.',
  },
  parallel_copies: {
    type: 'integer',
    default: 8,
    min: 1,
    ours: true,
    help: 'Images that are copied at the same time, over all nodes. Each is read once, however many stores it goes to.',
  },
} as const satisfies OptionGroup

/** `[replication:NAME]`: which images, and where they shall be. */
export const replicationRuleOptions = {
  visibility: {
    type: 'list',
    default: [],
    choices: visibilities,
    ours: true,
    help: 'Images with one of these visibilities. Empty: with any.',
  },
  owner: { type: 'list', default: [], ours: true, help: 'Images of one of these projects. Empty: of any.' },
  properties: {
    type: 'dict',
    default: {},
    ours: true,
    help: 'Images that have all of these properties with these values.',
  },
  min_size: {
    type: 'integer',
    default: null,
    min: 0,
    unit: 'bytes',
    ours: true,
    help: 'Images of at least this size.',
  },
  max_size: { type: 'integer', default: null, min: 0, unit: 'bytes', ours: true, help: 'Images of at most this size.' },
  min_age: {
    type: 'integer',
    default: null,
    min: 0,
    unit: 'seconds',
    ours: true,
    help: 'Images that were created at least so long ago.',
  },
  max_age: {
    type: 'integer',
    default: null,
    min: 0,
    unit: 'seconds',
    ours: true,
    help: 'Images that were created at most so long ago.',
  },
  stores: {
    type: 'list',
    default: [],
    ours: true,
    help: 'Stores that shall have a copy, by their ids in enabled_backends. Empty: all that take data.',
  },
  copies: {
    type: 'integer',
    default: null,
    min: 1,
    ours: true,
    help: 'At least so many of the stores shall have a copy. Unset: all of them.',
  },
} as const satisfies OptionGroup

export type ReplicationConfig = Values<typeof replicationOptions>
export type ReplicationRuleConfig = Values<typeof replicationRuleOptions>
