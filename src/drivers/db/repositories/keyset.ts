import { type RawBuilder, sql } from 'kysely'
import type { SortDirection, SortKey } from '../../../ports/repositories.ts'
import type { Capabilities } from '../database.ts'
import { slot } from '../statement.ts'

export type Sort = readonly { readonly key: SortKey; readonly direction: SortDirection }[]

const nullable: ReadonlySet<SortKey> = new Set(['name', 'container_format', 'disk_format', 'size', 'updated_at'])

/**
 * Conditions on `images i` for the rows after the marker, whose sort values fill the slots `marker0`, `marker1`, ...
 * Each row after the marker fulfils exactly one of the conditions; several come where each walks an index but their
 * disjunction does not.
 * @param nulls which of the marker's values are NULL
 */
export function afterMarker(sort: Sort, nulls: readonly boolean[], capabilities: Capabilities): RawBuilder<unknown>[] {
  const [first, ...rest] = sort
  if (!first) return []
  const uniform = rest.every(({ key, direction }) => direction === first.direction && !nullable.has(key))
  if (!capabilities.rowComparison || !uniform) return [lexicographic(sort, nulls, { from: 0, capabilities })]

  const operator = sql.raw(first.direction === 'asc' ? '>' : '<')
  const rows = (from: number) => {
    const columns = sort.slice(from).map(({ key }) => sql`i.${sql.ref(key)}`)
    const markers = columns.map((_, i) => sql`${slot(`marker${from + i}`)}`)
    return sql`(${sql.join(columns)}) ${operator} (${sql.join(markers)})`
  }
  const isNull = sql`i.${sql.ref(first.key)} is null`
  if (!nullable.has(first.key)) return [rows(0)]
  if (nulls[0]) {
    const sameNull = sql`${isNull} and ${rows(1)}`
    return nullsComeFirst(first.direction, capabilities) ? [sameNull, sql`not (${isNull})`] : [sameNull]
  }
  return nullsComeFirst(first.direction, capabilities) ? [rows(0)] : [rows(0), isNull]
}

function lexicographic(
  sort: Sort,
  nulls: readonly boolean[],
  options: { from: number; capabilities: Capabilities },
): RawBuilder<unknown> {
  const { from, capabilities } = options
  const entry = sort[from]
  if (!entry) return sql`1 = 0`
  const column = sql`i.${sql.ref(entry.key)}`
  const marker = sql`${slot(`marker${from}`)}`
  const alternatives: RawBuilder<unknown>[] = []
  const nullsFirst = nullsComeFirst(entry.direction, capabilities)
  if (nulls[from]) {
    if (nullsFirst) alternatives.push(sql`${column} is not null`)
  } else {
    alternatives.push(sql`${column} ${sql.raw(entry.direction === 'asc' ? '>' : '<')} ${marker}`)
    if (nullable.has(entry.key) && !nullsFirst) alternatives.push(sql`${column} is null`)
  }
  if (from + 1 < sort.length) {
    const same = nulls[from] ? sql`${column} is null` : sql`${column} = ${marker}`
    alternatives.push(sql`(${same} and ${lexicographic(sort, nulls, { from: from + 1, capabilities })})`)
  }
  return alternatives.length === 0 ? sql`1 = 0` : sql`(${sql.join(alternatives, sql` or `)})`
}

function nullsComeFirst(direction: SortDirection, capabilities: Capabilities): boolean {
  return capabilities.nullsFirst === (direction === 'asc')
}
