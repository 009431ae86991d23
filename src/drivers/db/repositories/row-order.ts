import { type RawBuilder, sql } from 'kysely'
import { slot } from '../statement.ts'

interface RowOrder {
  readonly sortKey: string
  readonly direction: 'asc' | 'desc'
}

/**
 * The order of rows `t` by one column, then by `created_at` and `id`, all in one direction. Databases differ in where NULL
 * sorts; here it is the least value on all of them.
 */
export function rowOrder({ sortKey, direction }: RowOrder): RawBuilder<unknown> {
  const own = sql.ref(`t.${sortKey}`)
  const towards = sql.raw(direction)
  return sql`order by case when ${own} is null then 0 else 1 end ${towards}, ${own} ${towards},
    t.created_at ${towards}, t.id ${towards}`
}

/** True for the rows `t` that come in that order after the row `m`, whose id is in the slot `marker`. */
export function afterMarkerRow({ sortKey, direction }: RowOrder): RawBuilder<unknown> {
  const [own, marked] = [sql.ref(`t.${sortKey}`), sql.ref(`m.${sortKey}`)]
  const beyond = sql.raw(direction === 'asc' ? '>' : '<')
  const nullIsBeyond =
    direction === 'asc'
      ? sql`(${own} is not null and ${marked} is null)`
      : sql`(${own} is null and ${marked} is not null)`
  const same = sql`(${own} = ${marked} or (${own} is null and ${marked} is null))`
  const tie = sql`(t.created_at ${beyond} m.created_at or (t.created_at = m.created_at and t.id ${beyond} m.id))`
  return sql`m.id = ${slot('marker')} and (${own} ${beyond} ${marked} or ${nullIsBeyond} or (${same} and ${tie}))`
}
