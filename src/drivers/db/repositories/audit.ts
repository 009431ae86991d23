import { type RawBuilder, sql } from 'kysely'
import type { AuditRepository, ImageFate, LocationRow } from '../../../ports/audit.ts'
import type { ImageStatus } from '../../../ports/image.ts'
import type { IdRange } from '../../../ports/image-walk.ts'
import type { Database, Row, Values } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, now, parseTimestamp } from '../timestamps.ts'
import { locationOf } from './image-rows.ts'

const columns = ['id', 'image_id', 'value', 'meta_data', 'status'].map((column) => sql.ref(`l.${column}`))
/** Data of the others is gone. */
const hasData = sql`(l.deleted = false or l.status = 'pending_delete')`

export class SqlAuditRepository implements AuditRepository {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async fates(ids: readonly string[]): Promise<ReadonlyMap<string, ImageFate>> {
    if (ids.length === 0) return new Map()
    const { slots, values } = listOf(ids)
    const statement = this.#statements.get(
      `fates ${ids.length}`,
      () => sql`select id, status, deleted, deleted_at, updated_at, created_at from images where id in (${slots})`,
    )
    const rows = await this.#database.rows(statement, values)
    return new Map(rows.map((row) => [row[0] as string, fateOf(row)]))
  }

  locations({ after, limit }: { after: number; limit: number }): Promise<LocationRow[]> {
    return this.#locations(
      'all locations',
      sql`where ${hasData} and l.id > ${slot('after')} order by l.id limit ${slot('limit')}`,
      { after, limit },
    )
  }

  locationsOf(imageIds: readonly string[]): Promise<LocationRow[]> {
    if (imageIds.length === 0) return Promise.resolve([])
    const { slots, values } = listOf(imageIds)
    const rest = sql`where ${hasData} and l.image_id in (${slots}) order by l.id`
    return this.#locations(`locations of ${imageIds.length}`, rest, values)
  }

  locationsOfDeleted({ from, to }: IdRange, options: { after: number; limit: number }): Promise<LocationRow[]> {
    const high = to === null ? sql`` : sql`and i.id < ${slot('to')}`
    return this.#locations(
      `locations of deleted ${to === null}`,
      sql`join images i on i.id = l.image_id where l.deleted = false and i.deleted = true
        and i.id >= ${slot('from')} ${high} and l.id > ${slot('after')} order by l.id limit ${slot('limit')}`,
      { from, to, ...options },
    )
  }

  async dropLocation(id: number): Promise<boolean> {
    const statement = this.#statements.get(
      'drop location',
      () => sql`update image_locations set status = 'deleted', deleted = ${slot('true')}, deleted_at = ${slot('now')},
        updated_at = ${slot('now')} where id = ${slot('id')} and deleted = false
        and exists (select 1 from images i where i.id = image_locations.image_id and i.deleted = true)`,
    )
    const values = { id, true: true, now: formatTimestamp(now(), this.#database.dialect) }
    return (await this.#database.run(statement, values)) > 0
  }

  async #locations(key: string, rest: RawBuilder<unknown>, values: Values): Promise<LocationRow[]> {
    const statement = this.#statements.get(key, () => sql`select ${sql.join(columns)} from image_locations l ${rest}`)
    return (await this.#database.rows(statement, values)).map((row) => {
      const [id, imageId, url, metadata, status] = row as [number, string, string, string | null, string]
      const location = locationOf({ id: Number(id), url, metadata, status })
      return { id: location.id, imageId, url, metadata: location.metadata }
    })
  }
}

function listOf(values: readonly string[]): { slots: RawBuilder<unknown>; values: Values } {
  return {
    slots: sql.join(values.map((_, i) => sql`${slot(`v${i}`)}`)),
    values: Object.fromEntries(values.map((value, i) => [`v${i}`, value])),
  }
}

function fateOf(row: Row): ImageFate {
  const [, status, deleted, deletedAt, updatedAt, createdAt] = row
  return {
    status: status as ImageStatus,
    isDeleted: deleted === true || deleted === 1,
    deletedAt: deletedAt === null ? null : parseTimestamp(deletedAt as string),
    updatedAt: parseTimestamp((updatedAt ?? createdAt) as string),
  }
}
