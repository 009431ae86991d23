import { type RawBuilder, sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type {
  MetadefObject,
  MetadefObjectFields,
  MetadefProperty,
  MetadefPropertyFields,
  MetadefTag,
} from '../../../ports/metadefs.ts'
import type { Queryable, Row } from '../database.ts'
import { DuplicateKeyError } from '../engines/failures.ts'
import { type Statements, slot } from '../statement.ts'
import { asciiJson, objectOf, propertyOf, tagOf } from './metadef-rows.ts'
import { isWide, refuseWideCharacters } from './wide-characters.ts'

/** One of the tables whose rows belong to a namespace by number and have a name that is unique in it. */
export interface ChildKind<Fields extends { readonly name: string }, Item> {
  readonly table: string
  /** What a row is called in errors. */
  readonly noun: string
  /** Columns beside the common ones. */
  readonly columns: readonly string[]
  readonly valuesOf: (fields: Fields) => Readonly<Record<string, string | null>>
  /** @param row id, name, times, then `columns` */
  readonly itemOf: (row: Row) => Item
}

export const propertyKind: ChildKind<MetadefPropertyFields, MetadefProperty> = {
  table: 'metadef_properties',
  noun: 'property',
  columns: ['json_schema'],
  valuesOf: ({ schema }) => ({ json_schema: asciiJson(schema) }),
  itemOf: propertyOf,
}

export const objectKind: ChildKind<MetadefObjectFields, MetadefObject> = {
  table: 'metadef_objects',
  noun: 'object',
  columns: ['description', 'required', 'json_schema'],
  valuesOf: ({ description, required, properties }) => ({
    description,
    required: required.length === 0 ? null : required.join(),
    json_schema: asciiJson(properties),
  }),
  itemOf: objectOf,
}

export const tagKind: ChildKind<{ readonly name: string }, MetadefTag> = {
  table: 'metadef_tags',
  noun: 'tag',
  columns: [],
  valuesOf: () => ({}),
  itemOf: tagOf,
}

/** Statements on the rows of one kind. */
export class MetadefChildren<Fields extends { readonly name: string }, Item> {
  readonly #kind: ChildKind<Fields, Item>
  readonly #statements: Statements

  constructor(kind: ChildKind<Fields, Item>, statements: Statements) {
    this.#kind = kind
    this.#statements = statements
  }

  /** What `rest` selects of the kind's rows `t`, further tables and conditions included. */
  select(rest: RawBuilder<unknown>): RawBuilder<unknown> {
    const columns = ['id', 'name', 'created_at', 'updated_at', ...this.#kind.columns].map((name) =>
      sql.ref(`t.${name}`),
    )
    return sql`select ${sql.join(columns)} from ${sql.table(this.#kind.table)} t${rest}`
  }

  /** By name, as the databases of the reference find them. */
  async list(queryable: Queryable, namespaceId: number): Promise<Item[]> {
    const statement = this.#statement('list', () =>
      this.select(sql` where t.namespace_id = ${slot('namespaceId')} order by t.name, t.id`),
    )
    return (await queryable.rows(statement, { namespaceId })).map(this.#kind.itemOf)
  }

  async get(queryable: Queryable, namespaceId: number, name: string): Promise<Item | undefined> {
    if (isWide(name)) return undefined
    const statement = this.#statement('get', () =>
      this.select(sql` where t.namespace_id = ${slot('namespaceId')} and t.name = ${slot('name')}`),
    )
    const [row] = await queryable.rows(statement, { namespaceId, name })
    return row && this.#kind.itemOf(row)
  }

  /** @param times as the columns hold them. @throws metadef_exists */
  async insert(
    queryable: Queryable,
    fields: Fields,
    options: { namespaceId: number; createdAt: string; updatedAt: string | null },
  ): Promise<void> {
    const { table, columns } = this.#kind
    const statement = this.#statement('insert', () => {
      const names = ['namespace_id', 'name', ...columns, 'created_at', 'updated_at']
      const slots = ['namespaceId', 'name', ...columns, 'createdAt', 'updatedAt'].map((name) => sql`${slot(name)}`)
      return sql`insert into ${sql.table(table)} (${sql.join(names.map((name) => sql.ref(name)))})
        values (${sql.join(slots)})`
    })
    const values = this.#values(fields)
    await this.#unique(fields.name, () => queryable.run(statement, { ...options, ...values }))
  }

  /** @throws metadef_exists, metadef_not_found */
  async update(
    queryable: Queryable,
    fields: Fields,
    options: { id: number; previousName: string; updatedAt: string },
  ): Promise<void> {
    const { id, previousName, updatedAt } = options
    const statement = this.#statement('update', () => {
      const set = ['name', ...this.#kind.columns].map((name) => sql`${sql.ref(name)} = ${slot(name)}, `)
      return sql`update ${sql.table(this.#kind.table)} set ${sql.join(set, sql``)} updated_at = ${slot('updatedAt')}
        where id = ${slot('id')}`
    })
    const values = this.#values(fields)
    const matched = await this.#unique(fields.name, () => queryable.run(statement, { id, updatedAt, ...values }))
    if (matched === 0) throw this.#missing(previousName)
  }

  /** @throws metadef_not_found */
  async delete(queryable: Queryable, { id, name }: { id: number; name: string }): Promise<void> {
    const statement = this.#statement(
      'delete',
      () => sql`delete from ${sql.table(this.#kind.table)} where id = ${slot('id')}`,
    )
    if ((await queryable.run(statement, { id })) === 0) throw this.#missing(name)
  }

  async deleteAll(queryable: Queryable, namespaceId: number): Promise<void> {
    const statement = this.#statement(
      'delete all',
      () => sql`delete from ${sql.table(this.#kind.table)} where namespace_id = ${slot('namespaceId')}`,
    )
    await queryable.run(statement, { namespaceId })
  }

  #values(fields: Fields): Readonly<Record<string, string | null>> {
    const values = { name: fields.name, ...this.#kind.valuesOf(fields) }
    refuseWideCharacters(Object.values(values))
    return values
  }

  #missing(name: string): GlimpseError {
    return new GlimpseError('metadef_not_found', { noun: this.#kind.noun, name })
  }

  async #unique<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof DuplicateKeyError) {
        throw new GlimpseError('metadef_exists', { noun: this.#kind.noun, name }, { cause })
      }
      throw cause
    }
  }

  #statement(what: string, build: () => RawBuilder<unknown>) {
    return this.#statements.get(`${this.#kind.table} ${what}`, build)
  }
}
