import { type RawBuilder, sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { IdRange } from '../../../ports/image-walk.ts'
import type { DueImage, DueLocation, ScrubRepository } from '../../../ports/scrub.ts'
import type { Database, Queryable } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, now } from '../timestamps.ts'
import { locationOf } from './image-rows.ts'

/** Tables whose rows are deleted together with their image. */
const children = ['image_properties', 'image_tags', 'image_members'] as const

/** @see glance `scrubber.py`, `db/sqlalchemy/api.py` `image_restore`, `image_location_delete` */
export class SqlScrubRepository implements ScrubRepository {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async due(options: { before: Date; range?: IdRange; after?: string; limit: number }): Promise<DueImage[]> {
    const { before, range = { from: '', to: null }, after = '', limit } = options
    const { from, to } = range
    const isInRange = (id: RawBuilder<unknown>) =>
      sql`${id} >= ${slot('from')} and ${id} > ${slot('after')} ${to === null ? sql`` : sql`and ${id} < ${slot('to')}`}`
    // Data of a living image is in question only beside data in use: a restored image may own what is `pending_delete`.
    const statement = this.#statements.get(
      `due images ${to === null}`,
      () => sql`select d.id from (
          select i.id from images i
          where i.status = 'pending_delete' and i.deleted = true and i.deleted_at <= ${slot('before')}
            and ${isInRange(sql`i.id`)}
          union
          select l.image_id from image_locations l join images i on i.id = l.image_id and i.deleted = false
          where l.status = 'pending_delete' and l.deleted = true and l.deleted_at <= ${slot('before')}
            and ${isInRange(sql`l.image_id`)}
            and exists (select 1 from image_locations o where o.image_id = l.image_id and o.deleted = false)
        ) d order by d.id limit ${slot('limit')}`,
    )
    const rows = await this.#database.rows(statement, {
      before: formatTimestamp(before, this.#database.dialect),
      ...{ from, to, after },
      limit,
    })
    const ids = rows.map(([id]) => id as string)
    const locations = await this.#locationsOf(ids)
    return ids.map((id) => ({ id, locations: locations.get(id) ?? [] }))
  }

  async isDue(locationId: number): Promise<boolean> {
    const statement = this.#statements.get(
      'location is due',
      () =>
        sql`select 1 from image_locations where id = ${slot('id')} and status = 'pending_delete' and deleted = true`,
    )
    return (await this.#database.rows(statement, { id: locationId })).length > 0
  }

  async removed(locationId: number): Promise<void> {
    const statement = this.#statements.get(
      'location removed',
      () => sql`update image_locations
        set status = 'deleted', deleted_at = ${slot('now')}, updated_at = ${slot('now')}
        where id = ${slot('id')} and status = 'pending_delete'`,
    )
    await this.#database.run(statement, { id: locationId, now: this.#now() })
  }

  async finish(imageId: string): Promise<boolean> {
    const statement = this.#statements.get(
      'scrubbed',
      () => sql`update images set status = 'deleted', updated_at = ${slot('now')}
        where id = ${slot('imageId')} and status = 'pending_delete' and deleted = true and not exists (
          select 1 from image_locations l where l.image_id = ${slot('imageId')} and l.status = 'pending_delete')`,
    )
    return (await this.#database.run(statement, { imageId, now: this.#now() })) > 0
  }

  async restore(imageId: string): Promise<void> {
    await this.#database.transaction(async (transaction) => {
      const deletedAt = await this.#lockPending(transaction, imageId)
      const values = { imageId, deletedAt, now: this.#now(), false: false }
      const run = (key: string, text: () => ReturnType<typeof sql>) =>
        transaction.run(this.#statements.get(key, text), values)
      const revived = await run(
        'restore locations',
        () => sql`update image_locations set status = 'active', deleted = ${slot('false')}, deleted_at = null,
          updated_at = ${slot('now')} where image_id = ${slot('imageId')} and status = 'pending_delete'`,
      )
      if (revived === 0) throw new GlimpseError('conflict', { reason: `No data of image ${imageId} is left.` })
      for (const table of children) {
        await run(
          `restore ${table}`,
          () => sql`update ${sql.table(table)} set deleted = ${slot('false')}, deleted_at = null
            where image_id = ${slot('imageId')} and deleted = true and deleted_at = ${slot('deletedAt')}`,
        )
      }
      await run(
        'restore image',
        () => sql`update images set status = 'active', deleted = ${slot('false')}, deleted_at = null,
          updated_at = ${slot('now')} where id = ${slot('imageId')}`,
      )
    })
  }

  /** Keeps the image's row until the transaction ends. @returns when it was deleted. @throws image_not_found, conflict */
  async #lockPending(transaction: Queryable, imageId: string): Promise<unknown> {
    const suffix = this.#database.dialect === 'sqlite' ? sql`` : sql` for update`
    const statement = this.#statements.get(
      'lock for restore',
      () => sql`select status, deleted_at from images where id = ${slot('imageId')}${suffix}`,
    )
    const [row] = await transaction.rows(statement, { imageId })
    if (!row) throw new GlimpseError('image_not_found', { id: imageId })
    const [status, deletedAt] = row
    if (status !== 'pending_delete') {
      throw new GlimpseError('conflict', {
        reason: `Image ${imageId} is in status ${status}; only one in pending_delete can be restored.`,
      })
    }
    return deletedAt
  }

  async #locationsOf(ids: readonly string[]): Promise<ReadonlyMap<string, readonly DueLocation[]>> {
    const found = new Map<string, DueLocation[]>()
    if (ids.length === 0) return found
    const names = ids.map((_, i) => `id${i}`)
    const statement = this.#statements.get(
      `due locations ${ids.length}`,
      () => sql`select image_id, id, value, meta_data, status from image_locations
        where image_id in (${sql.join(names.map((name) => sql`${slot(name)}`))})
          and status = 'pending_delete' and deleted = true order by id`,
    )
    const values = Object.fromEntries(names.map((name, i) => [name, ids[i]]))
    for (const row of await this.#database.rows(statement, values)) {
      const [imageId, id, url, metadata, status] = row as [string, number, string, string | null, string]
      const location = locationOf({ id, url, metadata, status })
      const known = found.get(imageId)
      if (known) known.push(location)
      else found.set(imageId, [location])
    }
    return found
  }

  #now(): string {
    return formatTimestamp(now(), this.#database.dialect)
  }
}
