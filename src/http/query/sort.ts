import { GlimpseError } from '../../errors/error.ts'
import { type SortDirection, type SortKey, sortKeys } from '../../ports/repositories.ts'
import type { QueryPairs } from './query-string.ts'

/** One column of an order. */
export interface SortColumn {
  readonly key: SortKey
  readonly direction: SortDirection
}

function readKey(text: string): SortKey {
  const key = text.trim() as SortKey
  if (sortKeys.includes(key)) return key
  throw new GlimpseError('bad_request', {
    reason: `Invalid sort key: ${key}. It must be one of the following: ${sortKeys.join(', ')}.`,
  })
}

function readDirection(text: string): SortDirection {
  const direction = text.trim()
  if (direction === 'asc' || direction === 'desc') return direction
  throw new GlimpseError('bad_request', { reason: `Invalid sort direction: ${direction}` })
}

/** `sort=name:asc,size` */
function readCombined(value: string): SortColumn[] {
  return value
    .trim()
    .split(',')
    .map((part) => {
      const at = part.indexOf(':')
      const direction = at === -1 ? '' : part.slice(at + 1)
      return {
        key: readKey(at === -1 ? part : part.slice(0, at)),
        direction: direction === '' ? 'desc' : readDirection(direction),
      }
    })
}

/** `sort_key=name&sort_dir=asc&sort_key=size`: one direction for all keys, or as many as there are keys. */
function readSeparate(keys: readonly SortKey[], directions: readonly SortDirection[]): SortColumn[] {
  if (directions.length > 1 && directions.length !== keys.length) {
    throw new GlimpseError('bad_request', { reason: 'Number of sort dirs does not match the number of sort keys' })
  }
  const shared = directions.length === 1 ? (directions[0] as SortDirection) : 'desc'
  return (keys.length > 0 ? keys : (['created_at'] as const)).map((key, index) => ({
    key,
    direction: directions.length > 1 ? (directions[index] as SortDirection) : shared,
  }))
}

/**
 * The order that a list is asked for, made unique by `created_at` and `id`. The tie-breakers follow a single direction
 * and go down otherwise.
 * @throws bad_request for unknown keys and directions, and when both ways of asking are mixed
 * @see glance `api/v2/images.py` `_get_sorting_params`, `db/sqlalchemy/api.py` `image_get_all`
 */
export function parseSort(pairs: QueryPairs): SortColumn[] {
  const valuesOf = (name: string) => pairs.filter(([key]) => key === name).map(([, value]) => value)
  const [combined] = valuesOf('sort')
  const keys = valuesOf('sort_key')
  const directions = valuesOf('sort_dir')
  if (combined !== undefined && keys.length + directions.length > 0) {
    throw new GlimpseError('bad_request', { reason: 'Old and new sorting syntax cannot be combined' })
  }
  const columns =
    combined !== undefined ? readCombined(combined) : readSeparate(keys.map(readKey), directions.map(readDirection))
  const single = combined !== undefined ? columns.length === 1 : directions.length === 1
  const tieDirection = single ? (columns[0] as SortColumn).direction : 'desc'
  for (const key of ['created_at', 'id'] as const) {
    if (!columns.some((column) => column.key === key)) columns.push({ key, direction: tieDirection })
  }
  return columns
}
