import { GlimpseError } from '../../errors/error.ts'
import { type MemberStatus, memberStatuses, type Visibility, visibilities } from '../../ports/image.ts'
import {
  type Comparison,
  type ImageQuery,
  type RangeColumn,
  rangeColumns,
  type Viewer,
} from '../../ports/repositories.ts'
import { parseIsoTime } from './iso-time.ts'
import { splitList, splitOperator } from './operators.ts'
import type { QueryPairs } from './query-string.ts'
import { parseSort } from './sort.ts'

type Filters = { -readonly [K in keyof ImageQuery]?: ImageQuery[K] }
interface Parameter {
  readonly name: string
  readonly value: string
}

/** The id of no image. */
const noId = ''

type Reader = (filters: Filters, parameter: Parameter) => void

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

/** An integer as Python reads it: with underscores between digits. */
function readInteger(value: string, complaint: string): number {
  return /^\s*[+-]?\d+(_\d+)*\s*$/.test(value) ? Number(value.replaceAll('_', '')) : bad(complaint)
}

function readBoolean(value: string, name: string): boolean {
  if (value !== 'true' && value !== 'false') {
    bad(`Invalid value '${value}' for '${name}' filter. Valid values are 'true' or 'false'.`)
  }
  return value === 'true'
}

const comparisons: readonly string[] = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq']

const readTime: Reader = (filters, { name, value: expression }) => {
  const { op, value } = splitOperator(expression)
  const at = parseIsoTime(value) ?? bad(`Bad "${name}" query filter format. Use ISO 8601 DateTime notation.`)
  if (!comparisons.includes(op)) bad(`Unable to filter on the unknown operator '${op}'.`)
  const column = name as 'created_at' | 'updated_at'
  filters.times = [...(filters.times ?? []), { column, op: op as Comparison, at }]
}

type ListField = 'id' | 'name' | 'status' | 'diskFormat' | 'containerFormat'

const readChoice =
  (field: ListField): Reader =>
  (filters, { value: expression }) => {
    const { op, value } = splitOperator(expression)
    if (op === 'in') filters[field] = splitList(value)
    else if (op === 'eq') filters[field] = [value]
    else bad(`Unable to filter by unknown operator '${op}'.`)
  }

type TextField = 'owner' | 'checksum' | 'osHashAlgo' | 'osHashValue'

const readText =
  (field: TextField): Reader =>
  (filters, { value }) => {
    filters[field] = value
  }

type NumberField = 'minDiskGib' | 'minRamMib' | 'sizeBytes' | 'virtualSizeBytes'

const readNumber =
  (field: NumberField, complaint: string): Reader =>
  (filters, { value }) => {
    filters[field] = readInteger(value, complaint)
  }

/** Greatest numbers of the columns, and least ones below zero: an image has none beyond. */
const greatest: Readonly<Record<RangeColumn, number>> = {
  size: Number.MAX_SAFE_INTEGER,
  virtual_size: Number.MAX_SAFE_INTEGER,
  min_disk: 2_147_483_647,
  min_ram: 2_147_483_647,
}

/** `<column>_min` and `<column>_max`. Other names that end so must have numbers as well, and are properties then. */
const readRange: Reader = (filters, parameter) => {
  const { name, value } = parameter
  const bound = readInteger(value, 'Unable to filter on a range with a non-numeric value.')
  const column = rangeColumns.find((known) => known === name.slice(0, -'_min'.length))
  if (!column) return readProperty(filters, parameter)
  const op = name.endsWith('_min') ? 'gte' : 'lte'
  const limit = greatest[column]
  if (op === 'gte' ? bound > limit : bound < -limit) filters.id = [noId]
  const within = Math.max(-limit, Math.min(limit, bound))
  filters.ranges = [...(filters.ranges ?? []), { column, op, bound: within }]
}

function readVisibility(filters: Filters, { value }: Parameter): void {
  if (value === '') {
    // No image has an empty visibility; the reference's list is then empty as well.
    filters.id = [noId]
    return
  }
  if (value !== 'all' && !visibilities.includes(value as Visibility)) bad(`Invalid visibility value: ${value}`)
  filters.visibility = value as Visibility | 'all'
}

function readProtected(filters: Filters, { name, value }: Parameter): void {
  filters.protected = readBoolean(value, name)
}

function readHidden(filters: Filters, { name, value }: Parameter): void {
  filters.osHidden = readBoolean(value.toLowerCase(), name)
}

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['id', readChoice('id')],
  ['name', readChoice('name')],
  ['status', readChoice('status')],
  ['disk_format', readChoice('diskFormat')],
  ['container_format', readChoice('containerFormat')],
  ['owner', readText('owner')],
  ['checksum', readText('checksum')],
  ['os_hash_algo', readText('osHashAlgo')],
  ['os_hash_value', readText('osHashValue')],
  ['min_disk', readNumber('minDiskGib', 'min_disk must be an integer')],
  ['min_ram', readNumber('minRamMib', 'min_ram must be an integer')],
  ['size', readNumber('sizeBytes', 'size must be an integer')],
  ['virtual_size', readNumber('virtualSizeBytes', 'virtual_size must be an integer')],
  ['created_at', readTime],
  ['updated_at', readTime],
  ['visibility', readVisibility],
  ['protected', readProtected],
  ['os_hidden', readHidden],
])

function readProperty(filters: Filters, { name, value }: Parameter): void {
  filters.properties = Object.fromEntries([...Object.entries(filters.properties ?? {}), [name, value]])
}

function readerOf(name: string): Reader {
  return readers.get(name) ?? (/_(min|max)$/.test(name) ? readRange : readProperty)
}

function readMemberStatus(value: string): MemberStatus | 'all' {
  if (value !== 'all' && !memberStatuses.includes(value as MemberStatus)) bad(`Invalid status: ${value}`)
  return value as MemberStatus | 'all'
}

function readLimit(value: string | undefined, limits: ListLimits): number {
  if (value === undefined) return Math.min(limits.default, limits.maximum)
  const limit = readInteger(value, 'limit param must be an integer')
  if (limit < 0) bad('limit param must be positive')
  return Math.min(limit, limits.maximum)
}

/** How many images a page has. */
export interface ListLimits {
  readonly default: number
  readonly maximum: number
}

const sortParameters: readonly string[] = ['sort', 'sort_key', 'sort_dir']

/**
 * What a query string asks of the list of images. The first `limit`, `marker` and `member_status` count, every `tag`,
 * and the last of any other parameter; a name that is no column filters by a custom property.
 * @throws bad_request
 * @see glance `api/v2/images.py` `RequestDeserializer.index`, `db/sqlalchemy/api.py` `_make_conditions_from_filters`
 */
export function readImageQuery(
  pairs: QueryPairs,
  options: { readonly viewer: Viewer; readonly limits: ListLimits },
): ImageQuery {
  const first = new Map<string, string>()
  const last = new Map<string, string>()
  const tags: string[] = []
  for (const [name, value] of pairs) {
    if (name === 'tag') tags.push(value.trim())
    else if (sortParameters.includes(name)) continue
    else if (name === 'limit' || name === 'marker' || name === 'member_status') {
      if (!first.has(name)) first.set(name, value)
    } else last.set(name, value)
  }
  const memberStatus = readMemberStatus(first.get('member_status') ?? 'accepted')
  if (last.get('changes-since')) bad('The "changes-since" filter is no longer available on v2.')
  last.delete('changes-since')
  // Deleted images are never listed, whatever is asked.
  last.delete('deleted')
  const limit = readLimit(first.get('limit'), options.limits)
  const sort = parseSort(pairs)
  const filters: Filters = { osHidden: false }
  for (const [name, value] of last) readerOf(name)(filters, { name, value })
  const marker = first.get('marker')
  return {
    ...filters,
    viewer: options.viewer,
    memberStatus,
    sort,
    limit,
    ...(tags.length > 0 ? { tags } : {}),
    ...(marker === undefined ? {} : { marker }),
  }
}
