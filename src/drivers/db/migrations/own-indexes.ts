import { setTimeout as delay } from 'node:timers/promises'
import type { Dialect } from '../database.ts'
import { RetriableError } from '../engines/failures.ts'
import type { SchemaEditor } from './schema-editor.ts'
import type { Index } from './table.ts'

const page = ['deleted', 'os_hidden'] as const

/**
 * Our own indexes. Additive: Glance neither needs nor minds them. Those that end in the order of a list let it be walked page
 * by page however many images there are; each begins with what the list always asks for by equality.
 */
const ownIndexes: readonly Index[] = [
  { name: 'glimpse_images_created', table: 'images', columns: [...page, 'created_at', 'id'] },
  { name: 'glimpse_images_name', table: 'images', columns: [...page, 'name', 'created_at', 'id'] },
  { name: 'glimpse_images_visibility_created', table: 'images', columns: ['visibility', ...page, 'created_at', 'id'] },
  {
    name: 'glimpse_images_visibility_name',
    table: 'images',
    columns: ['visibility', ...page, 'name', 'created_at', 'id'],
  },
  { name: 'glimpse_images_owner_created', table: 'images', columns: ['owner', ...page, 'created_at', 'id'] },
  { name: 'glimpse_images_owner_name', table: 'images', columns: ['owner', ...page, 'name', 'created_at', 'id'] },
  {
    name: 'glimpse_image_members_member',
    table: 'image_members',
    columns: ['member', 'deleted', 'status', 'image_id'],
  },
  { name: 'glimpse_image_tags_value', table: 'image_tags', columns: ['value', 'deleted', 'image_id'] },
  // What a project uses.
  { name: 'glimpse_images_usage', table: 'images', columns: ['owner', 'status', 'size'] },
  { name: 'glimpse_image_locations_usage', table: 'image_locations', columns: ['image_id', 'status'] },
]

/** Images that are being copied to further stores; on MySQL, where indexes hold all rows, those with any property and value as well. */
const importing = { name: 'glimpse_image_properties_importing', table: 'image_properties' }
const importingIndex: Readonly<Record<Dialect, Index>> = {
  mysql: { ...importing, columns: ['name', 'value(32)'] },
  postgres: { ...importing, columns: ['image_id'], where: "name = 'os_glance_importing_to_stores' AND value > ''" },
  sqlite: { ...importing, columns: ['image_id'], where: "name = 'os_glance_importing_to_stores' AND value > ''" },
}

/** Longer than any statement of a service; whoever holds a table for longer is not to keep others waiting behind us. */
const patienceSeconds = 1
const attempts = 120

/**
 * Makes the missing ones. While others write (`online`), the tables stay open to them; else only those of empty tables are
 * made, which nobody waits for.
 * @throws database_unavailable when a transaction of another keeps hold of a table for minutes
 */
export async function createOwnIndexes(
  editor: SchemaEditor,
  options: { online: boolean; onProgress?: (message: string) => void },
): Promise<void> {
  const { online, onProgress } = options
  for (const index of [...ownIndexes, importingIndex[editor.dialect]]) {
    if (await editor.hasIndex(index.table, index.name)) continue
    if (!online && (await editor.hasRows(index.table))) continue
    onProgress?.(`Creating index ${index.name} on table ${index.table}`)
    if (online) await createOnline(editor, index)
    else await editor.createIndex(index)
  }
}

/** Begins again when a transaction is open on the table: on MySQL, all that comes after us would wait behind us. */
async function createOnline(editor: SchemaEditor, index: Index): Promise<void> {
  const isMysql = editor.dialect === 'mysql'
  if (isMysql) await editor.session.execute(`SET SESSION lock_wait_timeout = ${patienceSeconds}`)
  for (let attempt = 1; ; attempt++) {
    try {
      await editor.createIndex(index, { online: true })
      break
    } catch (error) {
      // The lock of MySQL holds on one node of a cluster; another node may just have made the index.
      if (isMysql && (await editor.hasIndex(index.table, index.name))) break
      if (!(error instanceof RetriableError) || attempt === attempts) throw error
      await delay(1000)
    }
  }
  if (isMysql) await editor.session.execute('SET SESSION lock_wait_timeout = DEFAULT')
}
