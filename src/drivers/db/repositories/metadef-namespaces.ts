import { sql } from 'kysely'
import { GlimpseError } from '../../../errors/error.ts'
import type { MetadefNamespace, MetadefNamespaceFields, NamespaceQuery } from '../../../ports/metadefs.ts'
import type { Queryable } from '../database.ts'
import { DuplicateKeyError } from '../engines/failures.ts'
import { type Statements, slot } from '../statement.ts'
import { namespaceColumns, namespaceOf } from './metadef-rows.ts'
import { afterMarkerRow, rowOrder } from './row-order.ts'
import { slotsOf } from './slot-list.ts'
import { isWide, refuseWideCharacters } from './wide-characters.ts'

const columns = sql.join(namespaceColumns.map((name) => sql.ref(`t.${name}`)))

/** Statements on `metadef_namespaces`. */
export class MetadefNamespaces {
  readonly #statements: Statements

  constructor(statements: Statements) {
    this.#statements = statements
  }

  async get(queryable: Queryable, name: string): Promise<MetadefNamespace | undefined> {
    if (isWide(name)) return undefined
    const statement = this.#statements.get(
      'namespace',
      () => sql`select ${columns} from metadef_namespaces t where t.namespace = ${slot('name')}`,
    )
    const [row] = await queryable.rows(statement, { name })
    return row && namespaceOf(row)
  }

  /** Keeps other changes of the namespace waiting until the transaction ends. @throws not_found if it is gone */
  async lock(transaction: Queryable, id: number): Promise<MetadefNamespace> {
    const statement = this.#statements.get('lock namespace', () => {
      // A transaction on SQLite is alone from its start.
      const suffix = this.#statements.dialect === 'sqlite' ? sql`` : sql` for update`
      return sql`select ${columns} from metadef_namespaces t where t.id = ${slot('id')}${suffix}`
    })
    const [row] = await transaction.rows(statement, { id })
    if (!row) throw new GlimpseError('not_found', { reason: 'The namespace has been deleted.' })
    return namespaceOf(row)
  }

  /** @see glance `db/sqlalchemy/metadef_api/namespace.py` `_get_all` */
  async list(queryable: Queryable, query: NamespaceQuery): Promise<MetadefNamespace[]> {
    const { seenBy, visibility, resourceTypes, sortKey, direction, limit, markerId } = query
    const types = slotsOf('type', resourceTypes?.filter((name) => !isWide(name)) ?? [])
    if (limit === 0 || isWide(visibility) || (resourceTypes && types.names.length === 0)) return []
    const key = [
      'namespaces',
      seenBy && (seenBy.projectId === null ? 'public' : 'own'),
      visibility !== undefined,
      types.names.length,
      sortKey,
      direction,
      limit !== undefined,
      markerId !== undefined,
    ].join(' ')
    const statement = this.#statements.get(key, () => {
      const own = seenBy?.projectId == null ? sql`` : sql`t.owner = ${slot('projectId')} or `
      const conditions = [
        sql`1 = 1`,
        ...(seenBy === undefined ? [] : [sql`(${own}t.visibility = 'public')`]),
        ...(visibility === undefined ? [] : [sql`t.visibility = ${slot('visibility')}`]),
        ...(resourceTypes === undefined
          ? []
          : [
              sql`t.id in (select a.namespace_id from metadef_namespace_resource_types a
                join metadef_resource_types r on r.id = a.resource_type_id where r.name in (${types.list()}))`,
            ]),
        ...(markerId === undefined ? [] : [afterMarkerRow({ sortKey, direction })]),
      ]
      return sql`select ${columns} from metadef_namespaces t${markerId === undefined ? sql`` : sql`, metadef_namespaces m`}
        where ${sql.join(conditions, sql` and `)} ${rowOrder({ sortKey, direction })}
        ${limit === undefined ? sql`` : sql`limit ${slot('limit')}`}`
    })
    const values = { ...types.values, projectId: seenBy?.projectId, visibility, limit, marker: markerId }
    return (await queryable.rows(statement, values)).map(namespaceOf)
  }

  /** @param times as the columns hold them. @throws metadef_exists */
  async insert(
    queryable: Queryable,
    fields: MetadefNamespaceFields,
    times: { createdAt: string; updatedAt: string | null },
  ): Promise<MetadefNamespace> {
    const statement = this.#statements.get(
      'insert namespace',
      () => sql`insert into metadef_namespaces (namespace, display_name, description, visibility, protected, owner,
          created_at, updated_at)
        values (${slot('name')}, ${slot('displayName')}, ${slot('description')}, ${slot('visibility')},
          ${slot('protected')}, ${slot('owner')}, ${slot('createdAt')}, ${slot('updatedAt')})`,
    )
    refuseWideCharacters(Object.values(fields))
    await unique(fields.name, () => queryable.run(statement, { ...fields, ...times }))
    return (await this.get(queryable, fields.name)) as MetadefNamespace
  }

  /** @throws metadef_exists */
  async update(
    queryable: Queryable,
    fields: MetadefNamespaceFields,
    { id, updatedAt }: { id: number; updatedAt: string },
  ): Promise<void> {
    const statement = this.#statements.get(
      'update namespace',
      () => sql`update metadef_namespaces set namespace = ${slot('name')}, display_name = ${slot('displayName')},
          description = ${slot('description')}, visibility = ${slot('visibility')}, protected = ${slot('protected')},
          owner = ${slot('owner')}, updated_at = ${slot('updatedAt')}
        where id = ${slot('id')}`,
    )
    refuseWideCharacters(Object.values(fields))
    await unique(fields.name, () => queryable.run(statement, { ...fields, id, updatedAt }))
  }

  /** The row alone: what refers to it has to be gone. */
  async delete(queryable: Queryable, id: number): Promise<void> {
    const statement = this.#statements.get(
      'delete namespace',
      () => sql`delete from metadef_namespaces where id = ${slot('id')}`,
    )
    await queryable.run(statement, { id })
  }
}

async function unique<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof DuplicateKeyError) {
      throw new GlimpseError('metadef_exists', { noun: 'namespace', name }, { cause })
    }
    throw cause
  }
}
