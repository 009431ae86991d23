import { visibilities } from '../ports/image.ts'
import type { IdRange } from '../ports/image-walk.ts'
import {
  type ReplicationMatch,
  type ReplicationRepository,
  type ReplicationRule,
  type ReplicationStatus,
  type RuleStatus,
  replicationStates,
  type StatusLine,
} from '../ports/replication.ts'
import { type CommandsOf, once, repeatable } from './command.ts'
import { date, flag, list, nullable, number, object, oneOf, optional, record, text } from './shape.ts'

const state = oneOf(...replicationStates)

const match = object<ReplicationMatch>(
  {},
  {
    visibility: list(oneOf(...visibilities)),
    owners: list(text),
    properties: record(text),
    minSizeBytes: number,
    maxSizeBytes: number,
    minAgeSeconds: number,
    maxAgeSeconds: number,
  },
)
const rule = object<ReplicationRule>({ name: text, match, stores: list(text), copies: nullable(number) }, {})
const range = object<IdRange>({ from: text, to: nullable(text) }, {})
const status = object<ReplicationStatus>(
  {
    imageId: text,
    rules: list(object<RuleStatus>({ rule: text, state, reason: nullable(text) }, {})),
    goodCopies: number,
    isDue: flag,
    checkedAt: nullable(date),
  },
  {},
)
const part = object<NonNullable<Parameters<ReplicationRepository['statuses']>[1]>>({}, { after: text, upTo: text })
const place = object<Pick<StatusLine, 'imageId' | 'rule'>>({ imageId: text, rule: text }, {})

export const replicationCommands: CommandsOf<ReplicationRepository> = {
  rules: repeatable(),
  putRule: once(rule),
  removeRule: once(text),
  status: repeatable(text),
  statuses: repeatable(range, optional(part)),
  record: repeatable(status, optional(object({}, { keepsClaimsOf: text }))),
  claim: once(object({ owner: text }, {})),
  claimsOf: repeatable(text),
  counts: repeatable(),
  lines: repeatable(
    object<Parameters<ReplicationRepository['lines']>[0]>({ limit: number }, { state, rule: text, after: place }),
  ),
}
