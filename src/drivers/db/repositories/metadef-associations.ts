import { sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type {
  MetadefResourceType,
  ResourceTypeAssociation,
  ResourceTypeAssociationFields,
} from '../../../ports/metadefs.ts'
import type { Queryable } from '../database.ts'
import { DuplicateKeyError, RetriableError } from '../engines/failures.ts'
import { type Statements, slot } from '../statement.ts'
import { associationOf, isTrue, timesOf } from './metadef-rows.ts'
import { slotsOf } from './slot-list.ts'
import { isWide, refuseWideCharacters } from './wide-characters.ts'

/** Times of a new row, as the columns hold them. */
interface NewTimes {
  readonly createdAt: string
  readonly updatedAt: string | null
}

const noun = 'resource type association'
const columns = sql`r.name, a.prefix, a.properties_target, a.created_at, a.updated_at`
const from = sql`from metadef_namespace_resource_types a join metadef_resource_types r on r.id = a.resource_type_id`
/** Namespaces whose associations one statement reads. */
const chunkSize = 512

/** Statements on `metadef_resource_types` and `metadef_namespace_resource_types`. */
export class MetadefAssociations {
  readonly #statements: Statements

  constructor(statements: Statements) {
    this.#statements = statements
  }

  async types(queryable: Queryable): Promise<MetadefResourceType[]> {
    const statement = this.#statements.get(
      'resource types',
      () => sql`select name, protected, created_at, updated_at from metadef_resource_types order by id`,
    )
    const rows = await queryable.rows(statement, {})
    return rows.map((row) => ({ name: row[0] as string, protected: isTrue(row[1]), ...timesOf(row, 2) }))
  }

  async list(queryable: Queryable, namespaceIds: readonly number[]): Promise<Map<number, ResourceTypeAssociation[]>> {
    const found = new Map<number, ResourceTypeAssociation[]>()
    for (let start = 0; start < namespaceIds.length; start += chunkSize) {
      const ids = slotsOf('id', namespaceIds.slice(start, start + chunkSize))
      const statement = this.#statements.get(
        `associations ${ids.names.length}`,
        () => sql`select ${columns}, a.namespace_id ${from} where a.namespace_id in (${ids.list()})
          order by a.resource_type_id`,
      )
      for (const row of await queryable.rows(statement, ids.values)) {
        const id = row[5] as number
        const known = found.get(id)
        if (known) known.push(associationOf(row))
        else found.set(id, [associationOf(row)])
      }
    }
    return found
  }

  async get(queryable: Queryable, namespaceId: number, name: string): Promise<ResourceTypeAssociation | undefined> {
    if (isWide(name)) return undefined
    const statement = this.#statements.get(
      'association',
      () => sql`select ${columns} ${from} where a.namespace_id = ${slot('namespaceId')} and r.name = ${slot('name')}`,
    )
    const [row] = await queryable.rows(statement, { namespaceId, name })
    return row && associationOf(row)
  }

  /** Makes the resource type if there is none. @throws metadef_exists */
  async insert(
    transaction: Queryable,
    fields: ResourceTypeAssociationFields,
    options: NewTimes & { namespaceId: number; protectedType: boolean },
  ): Promise<void> {
    refuseWideCharacters(Object.values(fields))
    const typeId = await this.#typeId(transaction, fields.name, options)
    const statement = this.#statements.get(
      'insert association',
      () => sql`insert into metadef_namespace_resource_types (resource_type_id, namespace_id, properties_target, prefix,
          created_at, updated_at)
        values (${slot('typeId')}, ${slot('namespaceId')}, ${slot('propertiesTarget')}, ${slot('prefix')},
          ${slot('createdAt')}, ${slot('updatedAt')})`,
    )
    try {
      await transaction.run(statement, { ...options, ...fields, typeId })
    } catch (cause) {
      if (cause instanceof DuplicateKeyError) {
        throw new GlimpseError('metadef_exists', { noun, name: fields.name }, { cause })
      }
      throw cause
    }
  }

  /** Sets prefix and target of an association that there is, and notes that its type was loaded again. */
  async update(
    transaction: Queryable,
    fields: ResourceTypeAssociationFields,
    options: { namespaceId: number; updatedAt: string },
  ): Promise<void> {
    refuseWideCharacters(Object.values(fields))
    const ofType = sql`(select r.id from metadef_resource_types r where r.name = ${slot('name')})`
    const association = this.#statements.get(
      'update association',
      () => sql`update metadef_namespace_resource_types set properties_target = ${slot('propertiesTarget')},
          prefix = ${slot('prefix')}, updated_at = ${slot('updatedAt')}
        where namespace_id = ${slot('namespaceId')} and resource_type_id = ${ofType}`,
    )
    await transaction.run(association, { ...options, ...fields })
  }

  /** Notes that a resource type was loaded again. */
  async touchType(transaction: Queryable, name: string, updatedAt: string): Promise<void> {
    const statement = this.#statements.get(
      'touch resource type',
      () => sql`update metadef_resource_types set updated_at = ${slot('updatedAt')} where name = ${slot('name')}`,
    )
    await transaction.run(statement, { name, updatedAt })
  }

  /** @throws metadef_not_found */
  async delete(queryable: Queryable, namespaceId: number, name: string): Promise<void> {
    const statement = this.#statements.get(
      'delete association',
      () => sql`delete from metadef_namespace_resource_types where namespace_id = ${slot('namespaceId')}
        and resource_type_id = (select r.id from metadef_resource_types r where r.name = ${slot('name')})`,
    )
    const deleted = isWide(name) ? 0 : await queryable.run(statement, { namespaceId, name })
    if (deleted === 0) throw new GlimpseError('metadef_not_found', { noun, name })
  }

  async deleteAll(queryable: Queryable, namespaceId: number): Promise<void> {
    const statement = this.#statements.get(
      'delete associations',
      () => sql`delete from metadef_namespace_resource_types where namespace_id = ${slot('namespaceId')}`,
    )
    await queryable.run(statement, { namespaceId })
  }

  async #typeId(transaction: Queryable, name: string, options: NewTimes & { protectedType: boolean }): Promise<number> {
    const find = this.#statements.get(
      'resource type',
      () => sql`select id from metadef_resource_types where name = ${slot('name')}`,
    )
    const [known] = await transaction.rows(find, { name })
    if (known) return known[0] as number
    const insert = this.#statements.get(
      'insert resource type',
      () => sql`insert into metadef_resource_types (name, protected, created_at, updated_at)
        values (${slot('name')}, ${slot('protectedType')}, ${slot('createdAt')}, ${slot('updatedAt')})`,
    )
    try {
      await transaction.run(insert, { name, ...options })
    } catch (cause) {
      // Another transaction made it in the meantime; run again, this one finds it.
      if (cause instanceof DuplicateKeyError) throw new RetriableError('resource type appeared', { cause })
      throw cause
    }
    const [made] = await transaction.rows(find, { name })
    return (made as readonly unknown[])[0] as number
  }
}
