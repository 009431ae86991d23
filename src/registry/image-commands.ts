import { type ImageFields, imageStatuses, memberStatuses, type NewImageLocation, visibilities } from '../ports/image.ts'
import type { IdRange } from '../ports/image-walk.ts'
import { quotaResources, type Settlement } from '../ports/quota.ts'
import {
  type ImageChange,
  type ImageQuery,
  type ImageRepository,
  type MemberRepository,
  type NewImage,
  rangeColumns,
  sortKeys,
} from '../ports/repositories.ts'
import type { ScrubRepository } from '../ports/scrub.ts'
import { type CommandsOf, once, repeatable } from './command.ts'
import { anything, date, flag, list, nullable, number, object, oneOf, optional, record, text } from './shape.ts'

const status = oneOf(...imageStatuses)
const visibility = oneOf(...visibilities)
const memberStatus = oneOf(...memberStatuses)
const properties = record(nullable(text))

const location = object<NewImageLocation>({ url: text, metadata: record(anything), status: text }, {})
const settlement = object<Settlement>({ reservationId: text, resource: oneOf(...quotaResources) }, {})

type DeleteOptions = NonNullable<Parameters<ImageRepository['delete']>[1]>

const fields = {
  name: nullable(text),
  diskFormat: nullable(text),
  containerFormat: nullable(text),
  sizeBytes: nullable(number),
  virtualSizeBytes: nullable(number),
  checksum: nullable(text),
  osHashAlgo: nullable(text),
  osHashValue: nullable(text),
  owner: nullable(text),
  minDiskGib: number,
  minRamMib: number,
  protected: flag,
  osHidden: flag,
}

const someFields = object<Partial<ImageFields>>({}, { ...fields, status, visibility })

const newImage = object<NewImage>(
  { id: text, status, visibility },
  { ...fields, properties, tags: list(text), locations: list(location) },
)

const change = object<ImageChange>(
  {},
  {
    fields: someFields,
    setProperties: properties,
    removeProperties: list(text),
    tags: list(text),
    addLocations: list(location),
    removeLocations: list(object({ id: number, status: text }, {})),
  },
)

const query = object<ImageQuery>(
  {
    viewer: object({ projectId: nullable(text), isAdmin: flag }, {}),
    sort: list(object({ key: oneOf(...sortKeys), direction: oneOf('asc', 'desc') }, {})),
    limit: number,
  },
  {
    id: list(text),
    name: list(text),
    status: list(text),
    diskFormat: list(text),
    containerFormat: list(text),
    owner: text,
    checksum: text,
    osHashAlgo: text,
    osHashValue: text,
    minDiskGib: number,
    minRamMib: number,
    protected: flag,
    osHidden: flag,
    sizeBytes: number,
    virtualSizeBytes: number,
    ranges: list(object({ column: oneOf(...rangeColumns), op: oneOf('gte', 'lte'), bound: number }, {})),
    visibility: oneOf(...visibilities, 'all'),
    memberStatus: oneOf(...memberStatuses, 'all'),
    tags: list(text),
    times: list(
      object(
        {
          column: oneOf('created_at', 'updated_at'),
          op: oneOf('gt', 'gte', 'lt', 'lte', 'eq', 'neq'),
          at: date,
        },
        {},
      ),
    ),
    properties: record(text),
    marker: text,
  },
)

export const imageCommands: CommandsOf<ImageRepository> = {
  get: repeatable(text),
  list: repeatable(query),
  lackingDigests: repeatable(object({ limit: number }, { after: text })),
  create: once(newImage, optional(object({}, { settles: settlement }))),
  update: once(
    text,
    change,
    optional(
      object(
        {},
        {
          from: list(status),
          keepsLocation: oneOf(true),
          holding: object({ name: text, value: nullable(text) }, {}),
          expects: someFields,
          locations: list(number),
          job: object({ jobId: text, token: nullable(text) }, {}),
          settles: settlement,
        },
      ),
    ),
  ),
  delete: once(
    text,
    optional(
      object<DeleteOptions>(
        {},
        { from: list(status), status: oneOf('deleted', 'pending_delete'), locations: list(number) },
      ),
    ),
  ),
  addTag: repeatable(text, text),
  removeTag: once(text, text),
}

export const memberCommands: CommandsOf<MemberRepository> = {
  get: repeatable(text, text),
  list: repeatable(text),
  create: once(text, text, memberStatus),
  update: repeatable(text, text, memberStatus),
  delete: once(text, text),
}

export const scrubCommands: CommandsOf<ScrubRepository> = {
  due: repeatable(
    object(
      { before: date, limit: number },
      { after: text, range: object<IdRange>({ from: text, to: nullable(text) }, {}) },
    ),
  ),
  isDue: repeatable(number),
  removed: repeatable(number),
  finish: once(text),
  restore: once(text),
}
