import { sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { Dialect, Queryable } from '../database.ts'
import { type Statements, slot } from '../statement.ts'

/** Keeps other changes of a live image waiting until the transaction ends. @throws image_not_found */
export async function lockImage(
  transaction: Queryable,
  options: { statements: Statements; dialect: Dialect; id: string },
): Promise<void> {
  const { statements, dialect, id } = options
  const statement = statements.get('lock', () => {
    // A transaction on SQLite is alone from its start.
    const suffix = dialect === 'sqlite' ? sql`` : sql` for update`
    return sql`select id from images where id = ${slot('id')} and deleted = false${suffix}`
  })
  const rows = await transaction.rows(statement, { id })
  if (rows.length === 0) throw new GlimpseError('image_not_found', { id })
}
