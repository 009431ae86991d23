import { crc32 } from 'node:zlib'
import { sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { Dialect, Queryable } from '../database.ts'
import { type Statements, slot } from '../statement.ts'

interface LockOptions {
  readonly statements: Statements
  readonly dialect: Dialect
  readonly id: string
}

/** Keeps other changes of a live image waiting until the transaction ends. @throws image_not_found */
export async function lockImage(transaction: Queryable, options: LockOptions): Promise<void> {
  const { statements, dialect, id } = options
  await takeTurn(transaction, options)
  const statement = statements.get('lock', () => {
    // A transaction on SQLite is alone from its start.
    const suffix = dialect === 'sqlite' ? sql`` : sql` for update`
    return sql`select id from images where id = ${slot('id')} and deleted = false${suffix}`
  })
  const rows = await transaction.rows(statement, { id })
  if (rows.length === 0) throw new GlimpseError('image_not_found', { id })
}

/** Images share turns: two that meet by chance only wait for each other, or are tried again. */
const turns = 1024

/**
 * Makes one of two transactions fail that change the same image on two nodes of a Galera cluster, so that it is tried again.
 * A lock of one node does not hold on another, and a row that is set to what it holds does not count as changed.
 */
export async function takeTurn(transaction: Queryable, { statements, dialect, id }: LockOptions): Promise<void> {
  if (dialect !== 'mysql') return
  const statement = statements.get(
    'turn',
    () => sql`insert into glimpse_turns (slot, version) values (${slot('slot')}, 1)
      on duplicate key update version = version + 1`,
  )
  await transaction.run(statement, { slot: crc32(id) % turns })
}
