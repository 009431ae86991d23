import { GlimpseError } from '../../errors/error.ts'
import {
  type NamespaceQuery,
  type NamespaceSortKey,
  namespaceSortKeys,
  type TagQuery,
  type TagSortKey,
  tagSortKeys,
} from '../../ports/metadefs.ts'
import type { ListLimits } from './image-query.ts'
import { readPageSize } from './limit.ts'
import type { QueryPairs } from './query-string.ts'

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

function readDirection(direction = 'desc'): 'asc' | 'desc' {
  return direction === 'asc' || direction === 'desc' ? direction : bad(`Invalid sort direction: ${direction}`)
}

/** Lists by `id` are in the order of `created_at`, as the reference's are. */
function readSortKey<Key extends string>(known: readonly Key[], key = 'created_at'): Key {
  const wanted = key === 'id' ? 'created_at' : key
  return known.includes(wanted as Key) ? (wanted as Key) : bad(`Invalid sort key: ${key}`)
}

/** Each reader looks at the first value of a name, and here at the last. */
function checkVisibility(pairs: QueryPairs, allowed: readonly string[]): void {
  const visibility = new Map(pairs).get('visibility')
  if (visibility && !allowed.includes(visibility)) bad(`Invalid visibility value: ${visibility}`)
}

/**
 * What a query string asks of the list of namespaces.
 * @throws bad_request
 * @see glance `api/v2/metadef_namespaces.py` `RequestDeserializer.index`
 */
export function readNamespaceQuery(
  pairs: QueryPairs,
  limits: ListLimits,
): Omit<NamespaceQuery, 'seenBy' | 'markerId'> & { limit: number; marker?: string } {
  const first = new Map(pairs.toReversed())
  checkVisibility(pairs, ['public', 'private'])
  const [limit, marker, visibility] = [first.get('limit'), first.get('marker'), first.get('visibility')]
  const resourceTypes = new Map(pairs).get('resource_types')?.split(',')
  return {
    sortKey: readSortKey<NamespaceSortKey>(namespaceSortKeys, first.get('sort_key')),
    direction: readDirection(first.get('sort_dir')),
    limit: Math.min(limit === undefined ? limits.default : readPageSize(limit), limits.maximum),
    ...(marker === undefined ? {} : { marker }),
    ...(visibility === undefined ? {} : { visibility }),
    ...(resourceTypes === undefined ? {} : { resourceTypes }),
  }
}

/** The resource type whose names a namespace is shown with. @throws bad_request */
export function readResourceType(pairs: QueryPairs): { resourceType?: string } {
  checkVisibility(pairs, ['public', 'private'])
  const resourceType = new Map(pairs).get('resource_type')
  return resourceType === undefined ? {} : { resourceType }
}

/**
 * What a query string asks of a list of tags.
 * @throws bad_request
 * @see glance `api/v2/metadef_tags.py` `RequestDeserializer.index`
 */
export function readTagQuery(pairs: QueryPairs): Omit<TagQuery, 'markerId'> & { marker?: string } {
  const first = new Map(pairs.toReversed())
  checkVisibility(pairs, ['public', 'private', 'shared'])
  const [limit, marker] = [first.get('limit'), first.get('marker')]
  return {
    sortKey: readSortKey<TagSortKey>(tagSortKeys, first.get('sort_key')),
    direction: readDirection(first.get('sort_dir')),
    ...(limit ? { limit: readPageSize(limit) } : {}),
    ...(marker ? { marker } : {}),
  }
}

/**
 * Lists of objects have no pages; what asks for one is checked all the same.
 * @throws bad_request
 * @see glance `api/v2/metadef_objects.py` `RequestDeserializer.index`
 */
export function checkObjectQuery(pairs: QueryPairs): void {
  const first = new Map(pairs.toReversed())
  readDirection(first.get('sort_dir'))
  checkVisibility(pairs, ['public', 'private', 'shared'])
  const limit = first.get('limit')
  if (limit !== undefined) readPageSize(limit, { least: 1 })
}
