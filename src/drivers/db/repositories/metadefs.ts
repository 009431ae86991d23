import { sql } from 'kysely'
import type {
  LoadedNamespace,
  MetadefContents,
  MetadefLoadMode,
  MetadefNamespace,
  MetadefNamespaceFields,
  MetadefObject,
  MetadefObjectFields,
  MetadefProperty,
  MetadefPropertyFields,
  MetadefRepository,
  MetadefResourceType,
  MetadefTag,
  NamespaceQuery,
  NewMetadefContents,
  ResourceTypeAssociation,
  ResourceTypeAssociationFields,
  TagQuery,
} from '../../../ports/metadefs.ts'
import type { Database, Queryable } from '../database.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, now } from '../timestamps.ts'
import { clearMetadefs, loadNamespace } from './metadef-load.ts'
import { tagOf } from './metadef-rows.ts'
import { MetadefTables } from './metadef-tables.ts'
import { afterMarkerRow, rowOrder } from './row-order.ts'

const newestFirst: TagQuery = { sortKey: 'created_at', direction: 'desc' }

/** @see glance `db/sqlalchemy/metadef_api`, `db/sqlalchemy/metadata.py` */
export class SqlMetadefRepository implements MetadefRepository {
  readonly #database: Database
  readonly #statements: Statements
  readonly #tables: MetadefTables

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
    this.#tables = new MetadefTables(statements)
  }

  getNamespace(name: string): Promise<MetadefNamespace | undefined> {
    return this.#tables.namespaces.get(this.#database, name)
  }

  listNamespaces(query: NamespaceQuery): Promise<MetadefNamespace[]> {
    return this.#tables.namespaces.list(this.#database, query)
  }

  createNamespace(fields: MetadefNamespaceFields, contents: NewMetadefContents = {}): Promise<MetadefNamespace> {
    const at = this.#now()
    const times = { createdAt: at, updatedAt: at }
    return this.#database.transaction(async (transaction) => {
      const namespace = await this.#tables.namespaces.insert(transaction, fields, times)
      const options = { namespaceId: namespace.id, ...times, protectedTypes: false }
      await this.#tables.insertContents(transaction, contents, options)
      return namespace
    })
  }

  updateNamespace(id: number, fields: MetadefNamespaceFields): Promise<MetadefNamespace> {
    return this.#inNamespace(id, async (transaction) => {
      await this.#tables.namespaces.update(transaction, fields, { id, updatedAt: this.#now() })
      return this.#tables.namespaces.lock(transaction, id)
    })
  }

  deleteNamespace(id: number): Promise<void> {
    return this.#inNamespace(id, async (transaction) => {
      await this.#tables.deleteContents(transaction, id)
      await this.#tables.namespaces.delete(transaction, id)
    })
  }

  async contents(namespaceId: number): Promise<MetadefContents> {
    const [associations, properties, objects, tags] = await Promise.all([
      this.#tables.associations.list(this.#database, [namespaceId]),
      this.listProperties(namespaceId),
      this.listObjects(namespaceId),
      this.listTags(namespaceId, newestFirst),
    ])
    return { associations: associations.get(namespaceId) ?? [], properties, objects, tags }
  }

  listResourceTypes(): Promise<MetadefResourceType[]> {
    return this.#tables.associations.types(this.#database)
  }

  listAssociations(namespaceIds: readonly number[]): Promise<ReadonlyMap<number, readonly ResourceTypeAssociation[]>> {
    return this.#tables.associations.list(this.#database, namespaceIds)
  }

  getAssociation(namespaceId: number, name: string): Promise<ResourceTypeAssociation | undefined> {
    return this.#tables.associations.get(this.#database, namespaceId, name)
  }

  createAssociation(namespaceId: number, fields: ResourceTypeAssociationFields): Promise<ResourceTypeAssociation> {
    const { associations } = this.#tables
    return this.#inNamespace(namespaceId, async (transaction) => {
      await associations.insert(transaction, fields, { namespaceId, ...this.#newTimes(), protectedType: false })
      return (await associations.get(transaction, namespaceId, fields.name)) as ResourceTypeAssociation
    })
  }

  deleteAssociation(namespaceId: number, name: string): Promise<void> {
    return this.#tables.associations.delete(this.#database, namespaceId, name)
  }

  listProperties(namespaceId: number): Promise<MetadefProperty[]> {
    return this.#tables.properties.list(this.#database, namespaceId)
  }

  getProperty(namespaceId: number, name: string): Promise<MetadefProperty | undefined> {
    return this.#tables.properties.get(this.#database, namespaceId, name)
  }

  createProperty(namespaceId: number, fields: MetadefPropertyFields): Promise<MetadefProperty> {
    const { properties } = this.#tables
    return this.#inNamespace(namespaceId, async (transaction) => {
      await properties.insert(transaction, fields, { namespaceId, ...this.#newTimes() })
      return (await properties.get(transaction, namespaceId, fields.name)) as MetadefProperty
    })
  }

  async updateProperty(property: MetadefProperty, fields: MetadefPropertyFields): Promise<MetadefProperty> {
    return { ...property, ...fields, updatedAt: await this.#update(this.#tables.properties, property, fields) }
  }

  deleteProperty(property: MetadefProperty): Promise<void> {
    return this.#tables.properties.delete(this.#database, property)
  }

  deleteProperties(namespaceId: number): Promise<void> {
    return this.#tables.properties.deleteAll(this.#database, namespaceId)
  }

  listObjects(namespaceId: number): Promise<MetadefObject[]> {
    return this.#tables.objects.list(this.#database, namespaceId)
  }

  getObject(namespaceId: number, name: string): Promise<MetadefObject | undefined> {
    return this.#tables.objects.get(this.#database, namespaceId, name)
  }

  createObject(namespaceId: number, fields: MetadefObjectFields): Promise<MetadefObject> {
    const { objects } = this.#tables
    return this.#inNamespace(namespaceId, async (transaction) => {
      await objects.insert(transaction, fields, { namespaceId, ...this.#newTimes() })
      return (await objects.get(transaction, namespaceId, fields.name)) as MetadefObject
    })
  }

  async updateObject(object: MetadefObject, fields: MetadefObjectFields): Promise<MetadefObject> {
    return { ...object, ...fields, updatedAt: await this.#update(this.#tables.objects, object, fields) }
  }

  deleteObject(object: MetadefObject): Promise<void> {
    return this.#tables.objects.delete(this.#database, object)
  }

  deleteObjects(namespaceId: number): Promise<void> {
    return this.#tables.objects.deleteAll(this.#database, namespaceId)
  }

  async listTags(namespaceId: number, query: TagQuery): Promise<MetadefTag[]> {
    const { sortKey, direction, limit, markerId } = query
    if (limit === 0) return []
    const paged = markerId !== undefined
    const statement = this.#statements.get(`tags ${sortKey} ${direction} ${limit !== undefined} ${paged}`, () =>
      this.#tables.tags.select(sql`${paged ? sql`, metadef_tags m` : sql``}
        where t.namespace_id = ${slot('namespaceId')}${paged ? sql` and ${afterMarkerRow({ sortKey, direction })}` : sql``}
        ${rowOrder({ sortKey, direction })} ${limit === undefined ? sql`` : sql`limit ${slot('limit')}`}`),
    )
    return (await this.#database.rows(statement, { namespaceId, limit, marker: markerId })).map(tagOf)
  }

  getTag(namespaceId: number, name: string): Promise<MetadefTag | undefined> {
    return this.#tables.tags.get(this.#database, namespaceId, name)
  }

  createTag(namespaceId: number, name: string): Promise<MetadefTag> {
    const { tags } = this.#tables
    return this.#inNamespace(namespaceId, async (transaction) => {
      await tags.insert(transaction, { name }, { namespaceId, ...this.#newTimes() })
      return (await tags.get(transaction, namespaceId, name)) as MetadefTag
    })
  }

  createTags(namespaceId: number, names: readonly string[], options: { replace?: boolean } = {}): Promise<void> {
    const { tags } = this.#tables
    return this.#inNamespace(namespaceId, async (transaction) => {
      if (options.replace) await tags.deleteAll(transaction, namespaceId)
      for (const name of names) await tags.insert(transaction, { name }, { namespaceId, ...this.#newTimes() })
    })
  }

  async updateTag(tag: MetadefTag, name: string): Promise<MetadefTag> {
    return { ...tag, name, updatedAt: await this.#update(this.#tables.tags, tag, { name }) }
  }

  deleteTag(tag: MetadefTag): Promise<void> {
    return this.#tables.tags.delete(this.#database, tag)
  }

  deleteTags(namespaceId: number): Promise<void> {
    return this.#tables.tags.deleteAll(this.#database, namespaceId)
  }

  load(loaded: LoadedNamespace, mode: MetadefLoadMode): Promise<boolean> {
    return this.#database.transaction((transaction) =>
      loadNamespace(transaction, this.#tables, { loaded, mode, at: this.#now() }),
    )
  }

  clear(): Promise<void> {
    return this.#database.transaction((transaction) => clearMetadefs(transaction, this.#statements))
  }

  #inNamespace<T>(id: number, work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return this.#database.transaction(async (transaction) => {
      await this.#tables.namespaces.lock(transaction, id)
      return work(transaction)
    })
  }

  async #update<Fields>(
    children: {
      update(
        queryable: Queryable,
        fields: Fields,
        options: { id: number; previousName: string; updatedAt: string },
      ): Promise<void>
    },
    { id, name }: { id: number; name: string },
    fields: Fields,
  ): Promise<Date> {
    const at = now()
    const updatedAt = formatTimestamp(at, this.#database.dialect)
    await children.update(this.#database, fields, { id, previousName: name, updatedAt })
    return at
  }

  #newTimes(): { createdAt: string; updatedAt: string } {
    const at = this.#now()
    return { createdAt: at, updatedAt: at }
  }

  #now(): string {
    return formatTimestamp(now(), this.#database.dialect)
  }
}
