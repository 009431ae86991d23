import { sql } from 'kysely'
import type { LoadedNamespace, MetadefLoadMode } from '../../../ports/metadefs.ts'
import type { Queryable } from '../database.ts'
import type { Statements } from '../statement.ts'
import type { MetadefTables } from './metadef-tables.ts'

/** Children first: foreign keys keep a row as long as another refers to it. */
const tablesInOrder = [
  'metadef_properties',
  'metadef_objects',
  'metadef_tags',
  'metadef_namespace_resource_types',
  'metadef_namespaces',
  'metadef_resource_types',
]

/** Removes all definitions. */
export async function clearMetadefs(transaction: Queryable, statements: Statements): Promise<void> {
  for (const table of tablesInOrder) {
    await transaction.run(
      statements.get(`clear ${table}`, () => sql`delete from ${sql.table(table)}`),
      {},
    )
  }
}

/**
 * Puts a namespace of a file into the database. `at` is now, as the columns hold it.
 * @returns false if it was there and is to be skipped
 * @see glance `db/sqlalchemy/metadata.py` `_populate_metadata`
 */
export async function loadNamespace(
  transaction: Queryable,
  tables: MetadefTables,
  { loaded, mode, at }: { loaded: LoadedNamespace; mode: MetadefLoadMode; at: string },
): Promise<boolean> {
  const { namespaces } = tables
  const { namespace, contents } = loaded
  const fresh = { createdAt: at, updatedAt: null }
  let known = await namespaces.get(transaction, namespace.name)
  if (known && mode === 'skip') return false
  if (known && mode === 'overwrite') {
    await tables.deleteContents(transaction, known.id)
    await namespaces.delete(transaction, known.id)
    known = undefined
  }
  if (known === undefined) {
    const { id } = await namespaces.insert(transaction, namespace, fresh)
    await tables.insertContents(transaction, contents, { namespaceId: id, ...fresh, protectedTypes: true })
    return true
  }
  const { id: namespaceId } = await namespaces.lock(transaction, known.id)
  const replaces = mode === 'prefer_new'
  if (replaces) await namespaces.update(transaction, namespace, { id: namespaceId, updatedAt: at })

  for (const fields of contents.associations ?? []) {
    const there = await tables.associations.get(transaction, namespaceId, fields.name)
    if (replaces) await tables.associations.touchType(transaction, fields.name, at)
    if (!there) await tables.associations.insert(transaction, fields, { namespaceId, ...fresh, protectedType: true })
    else if (replaces) await tables.associations.update(transaction, fields, { namespaceId, updatedAt: at })
  }
  const merge = { namespaceId, at, replaces }
  await mergeChildren(transaction, tables.properties, { items: contents.properties ?? [], ...merge })
  await mergeChildren(transaction, tables.objects, { items: contents.objects ?? [], ...merge })
  const tags = (contents.tags ?? []).map((name) => ({ name }))
  await mergeChildren(transaction, tables.tags, { items: tags, ...merge })
  return true
}

interface Mergeable<Fields> {
  get(queryable: Queryable, namespaceId: number, name: string): Promise<{ id: number; name: string } | undefined>
  insert(
    queryable: Queryable,
    fields: Fields,
    options: { namespaceId: number; createdAt: string; updatedAt: string | null },
  ): Promise<void>
  update(
    queryable: Queryable,
    fields: Fields,
    options: { id: number; previousName: string; updatedAt: string },
  ): Promise<void>
}

async function mergeChildren<Fields extends { readonly name: string }>(
  transaction: Queryable,
  children: Mergeable<Fields>,
  options: { items: readonly Fields[]; namespaceId: number; at: string; replaces: boolean },
): Promise<void> {
  const { items, namespaceId, at, replaces } = options
  for (const fields of items) {
    const there = await children.get(transaction, namespaceId, fields.name)
    if (!there) await children.insert(transaction, fields, { namespaceId, createdAt: at, updatedAt: null })
    else if (replaces) {
      await children.update(transaction, fields, { id: there.id, previousName: there.name, updatedAt: at })
    }
  }
}
