import { type RawBuilder, sql } from 'kysely'
import type { Database } from './database.ts'
import { SchemaEditor } from './migrations/schema-editor.ts'
import { type Statement, Statements, slot } from './statement.ts'
import { formatTimestamp } from './timestamps.ts'

export interface PurgeOptions {
  /** Rows deleted before this are removed for good. */
  readonly before: Date
  /** Of each table at most so many rows, those first that were deleted first; -1: all. */
  readonly maxRows: number
  readonly onProgress?: (message: string) => void
}

/** Rows found by one reading statement, which locks nothing. */
const pageRows = 10_000
/** Rows removed by one statement, which locks them: the more the quicker it is. */
const batchSizes = [64, 256, 1024, 4096] as const
const briskMs = 20
const slowMs = 70

interface Target {
  readonly table: string
  readonly key: string
  /** Less than every key. */
  readonly start: number | string
  /** When the row was deleted, as an expression. */
  readonly deletedAt: RawBuilder<unknown>
}

/**
 * Removes soft-deleted rows of all tables but `images`, and what belongs to deleted tasks. Children go first: a foreign key
 * keeps a row as long as another refers to it. Images stay, so that their ids stay taken.
 * @see glance `db/sqlalchemy/api.py`: `purge_deleted_rows`
 */
export async function purgeDeletedRows(database: Database, options: PurgeOptions): Promise<number> {
  const ofTask = sql`(select k.deleted_at from tasks k where k.id = task_info.task_id)`
  const targets: Target[] = [
    { table: 'task_info', key: 'task_id', start: '', deletedAt: ofTask },
    ...['image_properties', 'image_tags', 'image_locations', 'image_members'].map((table) => target(table, 0)),
    target('tasks', ''),
  ]
  let rows = 0
  for (const each of targets) rows += await purgeTable(database, each, options)
  return rows
}

/**
 * Removes soft-deleted rows of `images`; their ids can be used again from then on (OSSN-0075). Images whose children are
 * still there stay.
 * @see glance `db/sqlalchemy/api.py`: `purge_deleted_rows_from_images`
 */
export function purgeDeletedImages(database: Database, options: PurgeOptions): Promise<number> {
  return purgeTable(database, target('images', ''), options)
}

function target(table: string, start: number | string): Target {
  return { table, key: 'id', start, deletedAt: sql.ref(`${table}.deleted_at`) }
}

/** What keeps a row: data that waits for the scrubber, which nobody would find again, and rows that refer to it. */
const kept: Readonly<Partial<Record<string, RawBuilder<unknown>>>> = {
  image_locations: sql`image_locations.status = 'pending_delete'`,
  images: sql.join(
    ['image_properties', 'image_tags', 'image_locations', 'image_members'].map(
      (child) => sql`exists (select 1 from ${sql.table(child)} c where c.image_id = images.id)`,
    ),
    sql` or `,
  ),
}

/**
 * Removes in small batches, each a transaction of its own, named row by row: nobody waits for longer than for one of them,
 * and in a cluster each is a small set to certify.
 */
async function purgeTable(
  database: Database,
  { table, key, start, deletedAt }: Target,
  options: PurgeOptions,
): Promise<number> {
  const { before, maxRows, onProgress } = options
  const isThere = await database.schemaWork((session) => new SchemaEditor(session, database.dialect).hasTable(table))
  if (!isThere) return 0
  const statements = new Statements(database.dialect)
  const [source, column] = [sql.table(table), sql.ref(`${table}.${key}`)]
  const due = sql`${deletedAt} < ${slot('time')} and not (${kept[table] ?? sql`1 = 0`})`
  const inOrder = statements.get(
    'in order',
    () => sql`select ${column} from ${source} where ${column} > ${slot('after')} and ${due}
      order by ${column} limit ${slot('limit')}`,
  )
  const oldest = statements.get(
    'oldest',
    () => sql`select ${column} from ${source} where ${due} order by ${deletedAt} limit ${slot('limit')}`,
  )
  const removal = (size: number): Statement =>
    statements.get(`remove ${size}`, () => {
      const names = Array.from({ length: size }, (_, i) => sql`${slot(`row${i}`)}`)
      return sql`delete from ${source} where ${column} in (${sql.join(names)}) and ${due}`
    })

  const time = formatTimestamp(before, database.dialect)
  const batches = new Batches()
  let removed = 0
  let after: unknown = start
  for (;;) {
    const limit = maxRows < 0 ? pageRows : Math.min(pageRows, maxRows - removed)
    if (limit === 0) break
    const page = await database.rows(maxRows < 0 ? inOrder : oldest, { time, after, limit })
    const count = await batches.over(page, (names) =>
      database.transaction((transaction) => transaction.run(removal(names.length), { time, ...rowValues(names) })),
    )
    removed += count
    // What another process has changed meanwhile would be found again.
    if (page.length < limit || (maxRows >= 0 && count === 0)) break
    after = page.at(-1)?.[0]
    onProgress?.(`${table}: ${removed} rows so far`)
  }
  onProgress?.(`Deleted ${removed} rows from table ${table}`)
  return removed
}

function rowValues(names: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, i) => [`row${i}`, name]))
}

/** Cuts pages into batches whose size follows the time that they take. */
class Batches {
  #step = 1

  /** Gives `work` the first values of all rows, in batches of a few sizes; the last row may come several times. @returns the sum */
  async over(
    rows: readonly (readonly unknown[])[],
    work: (names: readonly unknown[]) => Promise<number>,
  ): Promise<number> {
    let sum = 0
    for (let start = 0; start < rows.length; ) {
      const size = batchSizes[this.#step] as number
      const names = Array.from({ length: size }, (_, i) => rows[Math.min(start + i, rows.length - 1)]?.[0])
      const startedAt = performance.now()
      sum += await work(names)
      const tookMs = performance.now() - startedAt
      if (tookMs < briskMs && this.#step < batchSizes.length - 1) this.#step++
      else if (tookMs > slowMs && this.#step > 0) this.#step--
      start += size
    }
    return sum
  }
}
