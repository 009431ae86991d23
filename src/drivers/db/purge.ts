import type { Database } from './database.ts'
import { SchemaEditor } from './migrations/schema-editor.ts'
import { formatTimestamp } from './timestamps.ts'

export interface PurgeOptions {
  /** Rows deleted before this are removed for good. */
  readonly before: Date
  /** Of each table at most so many rows; -1: all. */
  readonly maxRows: number
  readonly onProgress?: (message: string) => void
}

/** Children first: a foreign key keeps a row as long as another refers to it. Images stay, so that their ids stay taken. */
const purgedTables = ['image_properties', 'image_tags', 'image_locations', 'image_members', 'tasks'] as const
/** Rows of one statement, so that no lock is held for long. */
const batchRows = 10_000

/**
 * Removes soft-deleted rows of all tables but `images`, and what belongs to deleted tasks.
 * @see glance `db/sqlalchemy/api.py`: `purge_deleted_rows`
 */
export async function purgeDeletedRows(database: Database, options: PurgeOptions): Promise<number> {
  const time = `'${formatTimestamp(options.before, database.dialect)}'`
  const oldTasks = `SELECT t.task_id FROM task_info t JOIN tasks k ON k.id = t.task_id WHERE k.deleted_at < ${time} ORDER BY k.deleted_at`
  let rows = await purgeTable(database, { table: 'task_info', key: 'task_id', old: oldTasks, ...options })
  for (const table of purgedTables)
    rows += await purgeTable(database, { table, key: 'id', old: oldRows(table, time), ...options })
  return rows
}

/**
 * Removes soft-deleted rows of `images`; their ids can be used again from then on (OSSN-0075). Images whose children are
 * still there stay.
 * @see glance `db/sqlalchemy/api.py`: `purge_deleted_rows_from_images`
 */
export function purgeDeletedImages(database: Database, options: PurgeOptions): Promise<number> {
  const time = `'${formatTimestamp(options.before, database.dialect)}'`
  return purgeTable(database, { table: 'images', key: 'id', old: oldRows('images', time), ...options })
}

/** Locations whose data waits for the scrubber stay, and so does their image: without them nobody would find it again. */
const keptBack: Readonly<Partial<Record<string, string>>> = {
  image_locations: " AND status <> 'pending_delete'",
  images:
    " AND NOT EXISTS (SELECT 1 FROM image_locations l WHERE l.image_id = images.id AND l.status = 'pending_delete')",
}

function oldRows(table: string, time: string): string {
  return `SELECT id FROM ${table} WHERE deleted_at < ${time}${keptBack[table] ?? ''} ORDER BY deleted_at`
}

async function purgeTable(
  database: Database,
  options: PurgeOptions & { table: string; key: string; old: string },
): Promise<number> {
  const { table, key, old, maxRows, onProgress } = options
  return database.schemaWork(async (session) => {
    if (!(await new SchemaEditor(session, database.dialect).hasTable(table))) return 0
    let removed = 0
    for (;;) {
      const limit = maxRows < 0 ? batchRows : Math.min(batchRows, maxRows - removed)
      if (limit === 0) break
      // MySQL wants the limited selection one level further down.
      const sql = `DELETE FROM ${table} WHERE ${key} IN (SELECT o.${key} FROM (${old} LIMIT ${limit}) o)`
      const count = await session.change(sql)
      removed += count
      if (count < limit) break
      onProgress?.(`${table}: ${removed} rows so far`)
    }
    onProgress?.(`Deleted ${removed} rows from table ${table}`)
    return removed
  })
}
