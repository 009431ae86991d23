import { sql } from 'kysely'
import type { TaskQuery, TaskStatus, TaskStub, TaskType } from '../../../ports/tasks.ts'
import type { Database, Row } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, parseTimestamp } from '../timestamps.ts'
import { afterMarkerRow, rowOrder } from './row-order.ts'

/** Columns of `tasks t` in the order in which `stubOf` reads them. */
export const stubColumns = [
  'id',
  'type',
  'status',
  'owner',
  'image_id',
  'request_id',
  'user_id',
  'expires_at',
  'created_at',
  'updated_at',
].map((column) => sql.ref(`t.${column}`))

/** @param row values of `stubColumns` first */
export function stubOf(row: Row): TaskStub {
  const createdAt = parseTimestamp(row[8] as string)
  return {
    id: row[0] as string,
    type: row[1] as TaskType,
    status: row[2] as TaskStatus,
    owner: row[3] as string,
    imageId: row[4] as string | null,
    requestId: row[5] as string | null,
    userId: row[6] as string | null,
    expiresAt: row[7] === null ? null : parseTimestamp(row[7] as string),
    createdAt,
    updatedAt: row[9] === null ? createdAt : parseTimestamp(row[9] as string),
  }
}

/** A page of tasks. @see glance `db/sqlalchemy/api.py` `_task_get_all`, `_paginate_query` */
export async function listTasks(
  database: Database,
  { statements, query }: { statements: Statements; query: TaskQuery },
): Promise<TaskStub[]> {
  if (query.limit === 0) return []
  const { ownedBy, filters, sortKey, direction, marker, limit } = query
  const { dialect } = database
  const values: Record<string, unknown> = { ownedBy, marker, limit }
  const given: string[] = []
  for (const [column, text] of Object.entries(filters.texts)) {
    given.push(column)
    values[column] = text
  }
  for (const [column, time] of Object.entries(filters.times)) {
    given.push(column)
    values[column] = formatTimestamp(time, dialect)
  }
  const key = `tasks ${ownedBy !== undefined} ${given.join()} ${sortKey} ${direction} ${marker !== undefined}`
  const statement = statements.get(key, () => {
    const conditions = [
      sql`t.deleted = false`,
      ...(ownedBy === undefined ? [] : [sql`t.owner = ${slot('ownedBy')}`]),
      ...given.map((column) => sql`t.${sql.ref(column)} = ${slot(column)}`),
      ...(marker === undefined ? [] : [afterMarkerRow({ sortKey, direction })]),
    ]
    return sql`select ${sql.join(stubColumns)} from tasks t${marker === undefined ? sql`` : sql`, tasks m`}
      where ${sql.join(conditions, sql` and `)}
      ${rowOrder({ sortKey, direction })}
      limit ${slot('limit')}`
  })
  return (await database.rows(statement, values)).map(stubOf)
}
