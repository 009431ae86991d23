import type { SchemaEditor } from './schema-editor.ts'
import { type Column, yesNo } from './table.ts'

/** `is_public` becomes `visibility`: Glance's Ocata release. @see glance revisions `ocata_expand01`, `ocata_contract01` */

const visibility: Column = { name: 'visibility', type: 'visibility' }

/** Adds `visibility` beside `is_public`, both nullable, so that services of either release can write. */
export async function addVisibility(editor: SchemaEditor, options: { online: boolean }): Promise<void> {
  const { session, dialect } = editor
  if (dialect === 'postgres') {
    const known = await session.rows("SELECT 1 FROM pg_type WHERE typname = 'image_visibility'")
    if (known.length === 0) {
      await session.execute("CREATE TYPE image_visibility AS ENUM ('private', 'public', 'shared', 'community')")
    }
  }
  await editor.addColumn('images', visibility)
  await editor.createIndex({ name: 'visibility_image_idx', table: 'images', columns: ['visibility'] })
  if (dialect === 'sqlite') await editor.rebuild('images', { is_public: yesNo('is_public') })
  if (dialect === 'postgres') await session.execute('ALTER TABLE images ALTER COLUMN is_public DROP NOT NULL')
  if (dialect === 'mysql') {
    await session.execute('ALTER TABLE images MODIFY is_public BOOL NULL')
    if (options.online) await addTriggers(editor)
  }
}

/** Keeps both columns in step while services of both releases run. Names are the reference's: its contract step drops them. */
async function addTriggers({ session }: SchemaEditor): Promise<void> {
  await dropTriggers(session)
  await session.execute(`CREATE TRIGGER insert_visibility BEFORE INSERT ON images FOR EACH ROW
    IF NEW.visibility IS NULL THEN SET NEW.visibility = IF(NEW.is_public = 1, 'public', 'shared');
    ELSE SET NEW.is_public = (NEW.visibility = 'public'); END IF`)
  await session.execute(`CREATE TRIGGER update_visibility BEFORE UPDATE ON images FOR EACH ROW
    IF NOT (NEW.visibility <=> OLD.visibility) THEN SET NEW.is_public = (NEW.visibility = 'public');
    ELSEIF NOT (NEW.is_public <=> OLD.is_public) THEN
      SET NEW.visibility = IF(NEW.is_public = 1, 'public', 'shared'); END IF`)
}

async function dropTriggers(session: SchemaEditor['session']): Promise<void> {
  await session.execute('DROP TRIGGER IF EXISTS insert_visibility')
  await session.execute('DROP TRIGGER IF EXISTS update_visibility')
}

const withMembers = 'SELECT image_id FROM image_members WHERE deleted = false'
const membersOfPrivate = `visibility = 'private' AND id IN (${withMembers})`

/** True while an image has no visibility yet, or is private but shared with members. */
export async function isVisibilityPending({ session }: SchemaEditor): Promise<boolean> {
  const rows = await session.rows(`SELECT 1 FROM images WHERE visibility IS NULL OR (${membersOfPrivate}) LIMIT 1`)
  return rows.length > 0
}

/** @returns number of changed rows. @see glance data migration `ocata_migrate01_community_images` */
export async function fillVisibility({ session }: SchemaEditor): Promise<number> {
  const unset = 'visibility IS NULL AND'
  return (
    (await session.change(`UPDATE images SET visibility = 'public' WHERE ${unset} is_public = true`)) +
    (await session.change(`UPDATE images SET visibility = 'private' WHERE ${unset} is_public = false`)) +
    (await session.change(`UPDATE images SET visibility = 'shared' WHERE ${membersOfPrivate}`))
  )
}

/** Drops `is_public`; every image has a visibility from here on. */
export async function dropIsPublic(editor: SchemaEditor): Promise<void> {
  const { session, dialect } = editor
  await editor.dropIndex('ix_images_is_public', 'images')
  if (dialect === 'sqlite') {
    const changes = { is_public: null, visibility: { ...visibility, required: true, default: "'shared'" } }
    return editor.rebuild('images', changes)
  }
  if (dialect === 'mysql') await dropTriggers(session)
  if (await editor.hasColumn('images', 'is_public')) await session.execute('ALTER TABLE images DROP COLUMN is_public')
  if (dialect === 'mysql') {
    await session.execute(
      "ALTER TABLE images MODIFY visibility ENUM('private','public','shared','community') NOT NULL DEFAULT 'shared'",
    )
  } else {
    await session.execute("ALTER TABLE images ALTER COLUMN visibility SET DEFAULT 'shared'")
    await session.execute('ALTER TABLE images ALTER COLUMN visibility SET NOT NULL')
  }
}
