import { formatQueryString, type QueryPairs } from './query-string.ts'

/** A list's own address, each parameter once, without its marker or with that of the next page. */
export function pageLink(path: string, pairs: QueryPairs, marker?: string): string {
  const kept = new Map(pairs.filter(([name]) => name !== 'marker'))
  if (marker !== undefined) kept.set('marker', marker)
  const query = formatQueryString([...kept])
  return query === '' ? path : `${path}?${query}`
}
