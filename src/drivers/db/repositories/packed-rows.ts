import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../database.ts'

/** Ends every value. */
const end = '\u001f'
/** Starts what stands for a character that has a meaning here, and for NULL. */
const mark = '\u001b'
const markedMark = `${mark}m`
const markedEnd = `${mark}e`
const nullValue = `${mark}n`

/**
 * Rows that belong to another row, as one text value of it: their number, then the values of all of them. Reading so
 * costs a driver far less than a row for each, and works on servers without functions for JSON. In no order: MySQL would
 * make a temporary table to sort by.
 * @param values columns of the packed rows, text or number
 */
export function packedRows(
  dialect: Dialect,
  options: { from: RawBuilder<unknown>; values: readonly string[] },
): RawBuilder<string | null> {
  const { from, values } = options
  const row = sql`concat(${sql.join(values.flatMap((value) => [packedValue(value), sql.lit(end)]))})`
  const rows = {
    mysql: sql`group_concat(${row} separator '')`,
    postgres: sql`string_agg(${row}, '')`,
    sqlite: sql`group_concat(${row}, '')`,
  }[dialect]
  return sql`(select concat_ws('', count(*), ${sql.lit(end)}, ${rows}) from ${from})`
}

function packedValue(column: string): RawBuilder<unknown> {
  const { lit, ref } = sql
  const safe = sql`replace(replace(concat(${ref(column)}, ''), ${lit(mark)}, ${lit(markedMark)}), ${lit(end)}, ${lit(markedEnd)})`
  return sql`case when ${ref(column)} is null then ${lit(nullValue)} else ${safe} end`
}

/**
 * The values of `packedRows`, row after row; undefined if the server could not pack them all: MySQL cuts such a text
 * at `max_allowed_packet`.
 */
export function unpackRows(packed: string | null, valuesPerRow: number): (string | null)[] | undefined {
  if (packed === null) return undefined
  const parts: (string | null)[] = packed.split(end)
  if (parts.length !== Number(parts[0]) * valuesPerRow + 2) return undefined
  parts.shift()
  parts.pop()
  if (packed.includes(mark)) return parts.map((part) => unmarked(part as string))
  return parts
}

function unmarked(part: string): string | null {
  return part === nullValue ? null : part.replaceAll(markedEnd, end).replaceAll(markedMark, mark)
}
