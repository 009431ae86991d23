import type { JobLease, JobRepository, Json, NewJob } from '../ports/jobs.ts'
import { type QuotaClaim, type QuotaRepository, quotaResources } from '../ports/quota.ts'
import {
  type NewTask,
  type TaskChange,
  type TaskFilters,
  type TaskQuery,
  type TaskRepository,
  taskSortKeys,
  taskStatuses,
  taskTypes,
} from '../ports/tasks.ts'
import { type CommandsOf, once, repeatable } from './command.ts'
import { anything, date, flag, list, nullable, number, object, oneOf, record, type Shape, text } from './shape.ts'

const verdict = oneOf('failed', 'cancelled')
/** What cannot be written as JSON is refused by the repository. */
const json: Shape<Json> = { differs: anything.differs, pick: anything.pick }
const lease = object<JobLease>({ jobId: text, token: text }, {})
const details = nullable(record(anything))

export const jobCommands: CommandsOf<JobRepository> = {
  enqueue: once(
    object<NewJob>(
      { id: text, kind: text, project: nullable(text), imageId: nullable(text), input: json, delayMs: number },
      {},
    ),
  ),
  get: repeatable(text),
  openOf: repeatable(text),
  hasten: once(text),
  assign: once(text, object({ kind: text }, {})),
  claim: once(object({ kinds: list(text), runner: text, leaseMs: number }, {})),
  extend: repeatable(lease, object({ leaseMs: number, progress: nullable(number) }, {})),
  recordStep: repeatable(lease, object({ steps: record(json), leaseMs: number }, {})),
  release: once(lease, object({ delayMs: number }, { reason: text, uncounted: oneOf(true) })),
  decide: repeatable(lease, object({ verdict, reason: text }, {})),
  finish: once(lease, object({ as: oneOf('succeeded', 'failed', 'cancelled') }, {})),
  cancel: once(text, object({ reason: text }, {})),
  withdraw: once(text),
  purge: once(object({ ageMs: number }, {})),
}

const resource = oneOf(...quotaResources)

export const quotaCommands: CommandsOf<QuotaRepository> = {
  usage: repeatable(nullable(text), list(resource)),
  reserve: repeatable(
    object(
      {
        id: text,
        owner: nullable(text),
        holder: text,
        claims: list(object<QuotaClaim>({ resource, amount: number, maximum: number, mayExceed: flag }, {})),
        lifetimeMs: number,
      },
      {},
    ),
  ),
  release: repeatable(text),
  renew: repeatable(text, object({ lifetimeMs: number }, {})),
  removeExpired: repeatable(),
}

const type = oneOf(...taskTypes)
const status = oneOf(...taskStatuses)

const newTask = object<NewTask>(
  {
    id: text,
    type,
    status,
    owner: text,
    imageId: nullable(text),
    requestId: nullable(text),
    userId: nullable(text),
    expiresAt: nullable(date),
    input: details,
    result: details,
    message: nullable(text),
  },
  {},
)

const query = object<TaskQuery>(
  {
    filters: object<TaskFilters>(
      {
        texts: object<TaskFilters['texts']>(
          {},
          { id: text, type: text, status: text, owner: text, image_id: text, request_id: text, user_id: text },
        ),
        times: object<TaskFilters['times']>({}, { expires_at: date, created_at: date, updated_at: date }),
      },
      {},
    ),
    sortKey: oneOf(...taskSortKeys),
    direction: oneOf('asc', 'desc'),
    limit: number,
  },
  { ownedBy: text, marker: text },
)

export const taskCommands: CommandsOf<TaskRepository> = {
  get: repeatable(text),
  list: repeatable(query),
  listByImage: repeatable(text),
  create: once(newTask),
  update: once(
    text,
    object<TaskChange>({}, { status, message: nullable(text), result: details, expiresAt: nullable(date) }),
  ),
  expire: once(text),
}
