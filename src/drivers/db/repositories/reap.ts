import { type RawBuilder, sql } from 'kysely'
import type { PurgedTable, ReapRepository } from '../../../ports/reap.ts'
import type { Database } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, now } from '../timestamps.ts'

const before = sql`${slot('before')}`
const deletedBefore = sql`deleted_at < ${before}`
const isEmpty = (table: string, column: string, row: string) =>
  sql`not exists (select 1 from ${sql.table(table)} c where c.${sql.ref(column)} = ${sql.ref(row)}.id)`

/** Rows of each table that may go. Locations whose data waits for the scrubber stay, and so does their image. */
const purgeable: Readonly<Record<PurgedTable, RawBuilder<unknown>>> = {
  task_info: sql`task_id in (select id from tasks where ${deletedBefore})`,
  image_properties: deletedBefore,
  image_tags: deletedBefore,
  image_locations: sql`${deletedBefore} and status <> 'pending_delete'`,
  image_members: deletedBefore,
  tasks: sql`${deletedBefore} and not exists (select 1 from task_info c where c.task_id = tasks.id)`,
  images: sql`${deletedBefore} and deleted = true and ${sql.join(
    ['image_properties', 'image_tags', 'image_locations', 'image_members'].map((table) =>
      isEmpty(table, 'image_id', 'images'),
    ),
    sql` and `,
  )}`,
}

export class SqlReapRepository implements ReapRepository {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async countExpiredTasks(): Promise<number> {
    const statement = this.#statements.get(
      'count expired tasks',
      () => sql`select count(*) from tasks where deleted = false and expires_at <= ${slot('now')}`,
    )
    const [row] = await this.#database.rows(statement, { now: this.#text(now()) })
    return Number(row?.[0] ?? 0)
  }

  expireTasks({ limit }: { limit: number }): Promise<number> {
    const statement = this.#statements.get(
      'expire all tasks',
      // MySQL wants the limited selection one level further down.
      () => sql`update tasks set deleted = ${slot('true')}, deleted_at = ${slot('now')}, updated_at = ${slot('now')}
        where id in (select o.id from (select id from tasks where deleted = false and expires_at <= ${slot('now')}
          order by expires_at limit ${slot('limit')}) o) and deleted = false`,
    )
    const values = { now: this.#text(now()), true: true, limit }
    return this.#database.transaction((transaction) => transaction.run(statement, values))
  }

  async countPurgeable(table: PurgedTable, options: { before: Date }): Promise<number> {
    const statement = this.#statements.get(
      `count purgeable ${table}`,
      () => sql`select count(*) from ${sql.table(table)} where ${purgeable[table]}`,
    )
    const [row] = await this.#database.rows(statement, { before: this.#text(options.before) })
    return Number(row?.[0] ?? 0)
  }

  purge(table: PurgedTable, options: { before: Date; limit: number }): Promise<number> {
    const key = sql.ref(table === 'task_info' ? 'task_id' : 'id')
    const statement = this.#statements.get(
      `purge ${table}`,
      () => sql`delete from ${sql.table(table)} where ${key} in (select o.k from (
        select ${key} as k from ${sql.table(table)} where ${purgeable[table]} limit ${slot('limit')}) o)`,
    )
    const values = { before: this.#text(options.before), limit: options.limit }
    return this.#database.transaction((transaction) => transaction.run(statement, values))
  }

  async owners({ after, limit }: { after: string; limit: number }): Promise<string[]> {
    const statement = this.#statements.get(
      'owners',
      () => sql`select distinct owner from images where deleted = false and owner > ${slot('after')}
        order by owner limit ${slot('limit')}`,
    )
    return (await this.#database.rows(statement, { after, limit })).map(([owner]) => owner as string)
  }

  #text(at: Date): string {
    return formatTimestamp(at, this.#database.dialect)
  }
}
