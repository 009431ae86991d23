import type { SchemaEditor } from './schema-editor.ts'

/**
 * Our own indexes, on which lists walk page by page however many images there are. Additive: Glance neither needs nor
 * minds them. Each begins with what a list always asks for by equality and ends in the order of the list.
 */
const pageIndexes: readonly (readonly [name: string, table: string, ...columns: string[]])[] = [
  ['glimpse_images_created', 'images', 'deleted', 'os_hidden', 'created_at', 'id'],
  ['glimpse_images_name', 'images', 'deleted', 'os_hidden', 'name', 'created_at', 'id'],
  ['glimpse_images_visibility_created', 'images', 'visibility', 'deleted', 'os_hidden', 'created_at', 'id'],
  ['glimpse_images_visibility_name', 'images', 'visibility', 'deleted', 'os_hidden', 'name', 'created_at', 'id'],
  ['glimpse_images_owner_created', 'images', 'owner', 'deleted', 'os_hidden', 'created_at', 'id'],
  ['glimpse_images_owner_name', 'images', 'owner', 'deleted', 'os_hidden', 'name', 'created_at', 'id'],
  ['glimpse_image_members_member', 'image_members', 'member', 'deleted', 'status', 'image_id'],
]

/** Makes the missing ones. @returns names of those that were made */
export async function createPageIndexes(
  editor: SchemaEditor,
  options: { onProgress?: (message: string) => void } = {},
): Promise<string[]> {
  const made: string[] = []
  for (const [name, table, ...columns] of pageIndexes) {
    if (await editor.hasIndex(table, name)) continue
    options.onProgress?.(`Creating index ${name} on table ${table}`)
    await editor.createIndex(name, table, columns)
    made.push(name)
  }
  return made
}
