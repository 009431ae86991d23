import { sql } from 'kysely'
import type { NewImageLocation } from '../../../ports/image.ts'
import type { Dialect, Queryable } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp } from '../timestamps.ts'

/** Which table a row of `existing` comes from. */
const childKinds = { property: 1, tag: 2 } as const

type ChildTable = 'image_properties' | 'image_tags' | 'image_locations'

/** Writes rows of the tables that hang on `images`, in one transaction and at one time. */
export class ChildWriter {
  readonly #queryable: Queryable
  readonly #statements: Statements
  readonly #imageId: string
  readonly #now: string

  constructor(queryable: Queryable, options: { statements: Statements; dialect: Dialect; imageId: string; at: Date }) {
    this.#queryable = queryable
    this.#statements = options.statements
    this.#imageId = options.imageId
    this.#now = formatTimestamp(options.at, options.dialect)
  }

  insertProperties(properties: readonly (readonly [string, string | null])[]): Promise<void> {
    return this.#insert(
      'image_properties',
      properties.map(([name, value]) => ({ name, value })),
    )
  }

  insertTags(tags: readonly string[]): Promise<void> {
    return this.#insert(
      'image_tags',
      tags.map((value) => ({ value })),
    )
  }

  insertLocations(locations: readonly NewImageLocation[]): Promise<void> {
    return this.#insert(
      'image_locations',
      locations.map(({ url, metadata, status }) => ({ value: url, meta_data: JSON.stringify(metadata), status })),
    )
  }

  /** Gives the property a value, reviving its row if it was deleted. */
  async updateProperty(id: number, value: string | null): Promise<void> {
    await this.#queryable.run(
      this.#statements.get('property update', (builder) =>
        builder
          .updateTable('image_properties')
          .set({ value: slot('value'), deleted: slot('false'), deleted_at: null, updated_at: slot('now') })
          .where('id', '=', slot<number>('id')),
      ),
      { id, value, false: false, now: this.#now },
    )
  }

  async remove(table: ChildTable, ids: readonly number[], options: { status?: string } = {}): Promise<void> {
    if (ids.length === 0) return
    const status = options.status
    const names = ids.map((_, i) => `id${i}`)
    await this.#queryable.run(
      this.#statements.get(`remove ${table} ${ids.length} ${status !== undefined}`, (builder) =>
        builder
          .updateTable(table)
          .set({
            deleted: slot('true'),
            deleted_at: slot('now'),
            updated_at: slot('now'),
            ...(status === undefined ? {} : { status: slot<string>('status') }),
          })
          .where('image_id', '=', slot<string>('imageId'))
          .where(sql<boolean>`deleted = false`)
          .where(sql<boolean>`id in (${sql.join(names.map((name) => sql`${slot(name)}`))})`),
      ),
      {
        ...Object.fromEntries(names.map((name, i) => [name, ids[i]])),
        imageId: this.#imageId,
        true: true,
        now: this.#now,
        status,
      },
    )
  }

  /** Soft-deletes all children, memberships included; locations end in `status`. */
  async removeAll(status: 'deleted' | 'pending_delete'): Promise<void> {
    for (const table of ['image_locations', 'image_properties', 'image_members', 'image_tags'] as const) {
      await this.#queryable.run(
        this.#statements.get(`remove all ${table} ${status}`, (builder) =>
          builder
            .updateTable(table)
            .set({
              deleted: slot('true'),
              deleted_at: slot('now'),
              updated_at: slot('now'),
              ...(table === 'image_locations' ? { status } : {}),
            })
            .where('image_id', '=', slot<string>('imageId'))
            .where(sql<boolean>`deleted = false`),
        ),
        { imageId: this.#imageId, true: true, now: this.#now },
      )
    }
  }

  /** Properties (deleted ones too, their names are taken) and live tags, as stored. */
  async existing(): Promise<{
    properties: ReadonlyMap<string, { id: number; value: string | null; deleted: boolean }>
    tags: ReadonlyMap<string, number>
  }> {
    const statement = this.#statements.get('existing', () => {
      const id = sql`${slot('imageId')}`
      return sql`
        select ${sql.lit(childKinds.property)} as kind, id, name as child, value as child_value, deleted
          from image_properties where image_id = ${id}
        union all
        select ${sql.lit(childKinds.tag)}, id, value, null, deleted
          from image_tags where image_id = ${id} and deleted = false`
    })
    const properties = new Map<string, { id: number; value: string | null; deleted: boolean }>()
    const tags = new Map<string, number>()
    for (const row of await this.#queryable.rows(statement, { imageId: this.#imageId })) {
      const [kind, id, name, value, deleted] = row as [number, number, string, string | null, unknown]
      if (kind === childKinds.tag) tags.set(name, id)
      else properties.set(name, { id, value, deleted: deleted === 1 || deleted === true })
    }
    return { properties, tags }
  }

  /** Of the live ones. */
  async locationIds(): Promise<number[]> {
    const statement = this.#statements.get(
      'location ids',
      () => sql`select id from image_locations where image_id = ${slot('imageId')} and deleted = false`,
    )
    return (await this.#queryable.rows(statement, { imageId: this.#imageId })).map(([id]) => Number(id))
  }

  async #insert(table: ChildTable, rows: readonly Record<string, unknown>[]): Promise<void> {
    const [first] = rows
    if (!first) return
    const columns = Object.keys(first)
    const statement = this.#statements.get(`insert ${table} ${rows.length}`, () => {
      const common = ['image_id', 'created_at', 'updated_at', 'deleted']
      const tuples = rows.map((_, i) => {
        const own = columns.map((column) => slot(`${column}${i}`))
        return sql`(${sql.join([...own, slot('imageId'), slot('now'), slot('now'), slot('false')])})`
      })
      return sql`insert into ${sql.table(table)}
        (${sql.join([...columns, ...common].map((column) => sql.ref(column)))}) values ${sql.join(tuples)}`
    })
    const values: Record<string, unknown> = { imageId: this.#imageId, now: this.#now, false: false }
    for (const [i, row] of rows.entries()) {
      for (const column of columns) values[`${column}${i}`] = row[column]
    }
    await this.#queryable.run(statement, values)
  }
}
