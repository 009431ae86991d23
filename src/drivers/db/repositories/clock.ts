import { type RawBuilder, sql } from 'kysely'
import type { Dialect } from '../database.ts'

/** Milliseconds since 1970, by the clock of the database. */
export const clocks: Readonly<Record<Dialect, RawBuilder<number>>> = {
  mysql: sql`timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000`,
  postgres: sql`cast(extract(epoch from statement_timestamp()) * 1000 as bigint)`,
  sqlite: sql`cast(unixepoch('subsec') * 1000 as integer)`,
}
