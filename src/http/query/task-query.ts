import { GlimpseError } from '../../errors/error.ts'
import {
  type TaskQuery,
  type TaskSortKey,
  taskSortKeys,
  taskStatuses,
  taskTextFilters,
  taskTimeFilters,
} from '../../ports/tasks.ts'
import type { ListLimits } from './image-query.ts'
import { parseIsoTime } from './iso-time.ts'
import { readPageSize } from './limit.ts'
import type { QueryPairs } from './query-string.ts'

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

const controls: readonly string[] = ['limit', 'marker', 'sort_key', 'sort_dir']
/** No task has this id: a condition that nothing fulfils. */
const nothing = { texts: { id: '' }, times: {} } as const

function readSortKey(key: string): TaskSortKey {
  return taskSortKeys.includes(key as TaskSortKey) ? (key as TaskSortKey) : bad('Sort key supplied was not valid.')
}

function readDirection(direction: string): 'asc' | 'desc' {
  return direction === 'asc' || direction === 'desc' ? direction : bad(`Invalid sort direction: ${direction}`)
}

function readLimit(text: string | undefined, limits: ListLimits): number {
  return Math.min(text === undefined ? limits.default : readPageSize(text), limits.maximum)
}

function readMarker(marker: string): string {
  const digits = marker
    .replace(/^urn:/, '')
    .replace(/^uuid:/, '')
    .replace(/[{}-]/g, '')
  return marker === '' || /^[0-9a-f]{32}$/i.test(digits) ? marker : bad('Invalid marker format')
}

function readFilters(given: QueryPairs): TaskQuery['filters'] {
  const texts: Record<string, string> = {}
  const times: Record<string, Date> = {}
  for (const [name, value] of given) {
    if ((taskTextFilters as readonly string[]).includes(name)) {
      // Of two values no task has both.
      if ((texts[name] ?? value) !== value) return nothing
      texts[name] = value
    } else if ((taskTimeFilters as readonly string[]).includes(name)) {
      const time = parseIsoTime(value)
      if (!time) return nothing
      times[name] = time
    } else if (name === 'deleted_at') return nothing
  }
  return { texts, times }
}

/**
 * What a query string asks of the list of tasks. The first `limit`, `marker`, `sort_key` and `sort_dir` count; names that
 * are no column say nothing.
 * @throws bad_request
 * @see glance `api/v2/tasks.py` `RequestDeserializer.index`
 */
export function readTaskQuery(pairs: QueryPairs, limits: ListLimits): Omit<TaskQuery, 'ownedBy'> {
  const first = new Map(pairs.toReversed())
  const last = new Map(pairs)
  const direction = readDirection(first.get('sort_dir') ?? 'desc')
  const status = last.get('status')
  if (status && !(taskStatuses as readonly string[]).includes(status)) bad(`Invalid status value: ${status}`)
  const type = last.get('type')
  if (type && type !== 'import') bad(`Invalid type value: ${type}`)
  const given = first.get('marker')
  const marker = given === undefined ? undefined : readMarker(given)
  return {
    filters: readFilters(pairs.filter(([name]) => !controls.includes(name))),
    limit: readLimit(first.get('limit'), limits),
    sortKey: readSortKey(first.get('sort_key') ?? 'created_at'),
    direction,
    ...(marker === undefined ? {} : { marker }),
  }
}
