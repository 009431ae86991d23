import { libertyTables } from './liberty.ts'
import type { SchemaEditor } from './schema-editor.ts'
import { type Column, type Table, time, varchar, yesNo } from './table.ts'
import { addVisibility, dropIsPublic, fillVisibility, isVisibilityPending } from './visibility.ts'

/** Change of rows that must be done before a contract step may drop what they came from. */
export interface DataMigration {
  isPending(editor: SchemaEditor): Promise<boolean>
  /** @returns number of changed rows */
  run(editor: SchemaEditor): Promise<number>
}

/** One of Glance's Alembic revisions. */
export interface Revision {
  readonly id: string
  readonly branch: 'trunk' | 'expand' | 'contract'
  /** Revisions that must be there before; Alembic's `down_revision` and `depends_on`. */
  readonly parents: readonly string[]
  readonly data?: DataMigration
  up(editor: SchemaEditor, options: { online: boolean }): Promise<void>
}

const artifactTables = [
  'artifact_blob_locations',
  'artifact_properties',
  'artifact_blobs',
  'artifact_dependencies',
  'artifact_tags',
  'artifacts',
]

const bigRow = { type: 'bigint', required: true, rowId: true } as const satisfies Partial<Column>
const cacheTables: readonly Table[] = [
  {
    name: 'node_reference',
    columns: [
      { name: 'node_reference_id', ...bigRow, serial: true },
      varchar('node_reference_url', 255, { required: true }),
    ],
    primaryKey: ['node_reference_id'],
    unique: ['uq_node_reference_node_reference_url', 'node_reference_url'],
  },
  {
    name: 'cached_images',
    columns: [
      { name: 'id', ...bigRow, serial: true },
      varchar('image_id', 36, { required: true }),
      time('last_accessed', { required: true }),
      time('last_modified', { required: true }),
      { name: 'size', type: 'bigint', required: true },
      { name: 'hits', type: 'integer', required: true },
      varchar('checksum', 32),
      { name: 'node_reference_id', ...bigRow },
    ],
    primaryKey: ['id'],
    foreignKeys: [{ column: 'node_reference_id', table: 'node_reference', references: 'node_reference_id' }],
    unique: ['ix_cached_images_image_id_node_reference_id', 'image_id', 'node_reference_id'],
  },
]

/** Stores of the Rocky and Stein releases were called backends. @see glance data migration `train_migrate01_backend_to_store` */
const backendToStore: DataMigration = {
  async isPending({ session }) {
    const rows = await session.rows(`SELECT 1 FROM image_locations WHERE meta_data LIKE '%"backend":%' LIMIT 1`)
    return rows.length > 0
  },
  run: ({ session }) =>
    session.change(`UPDATE image_locations SET meta_data = REPLACE(meta_data, '"backend":', '"store":')
      WHERE meta_data LIKE '%"backend":%'`),
}

type Step = Pick<Revision, 'up'>['up']
const nothing: Step = async () => undefined

/** What the releases changed; a step that a release does not have is empty. */
const steps: Readonly<Record<string, { up: Step; data?: DataMigration }>> = {
  ocata_expand01: { up: addVisibility },
  ocata_contract01: { up: dropIsPublic, data: { isPending: isVisibilityPending, run: fillVisibility } },
  pike_contract01: {
    up: async (editor) => {
      for (const table of artifactTables) await editor.dropTable(table)
    },
  },
  rocky_expand01: {
    up: async (editor) => {
      await editor.addColumn('images', yesNo('os_hidden', { required: true, default: 'false' }))
      await editor.createIndex({ name: 'os_hidden_image_idx', table: 'images', columns: ['os_hidden'] })
    },
  },
  rocky_expand02: {
    up: async (editor) => {
      await editor.addColumn('images', varchar('os_hash_algo', 64))
      await editor.addColumn('images', varchar('os_hash_value', 128))
      await editor.createIndex({ name: 'os_hash_value_image_idx', table: 'images', columns: ['os_hash_value'] })
    },
  },
  train_contract01: { up: nothing, data: backendToStore },
  wallaby_expand01: {
    up: async (editor) => {
      for (const column of [varchar('image_id', 36), varchar('request_id', 64), varchar('user_id', 64)]) {
        await editor.addColumn('tasks', column)
      }
      await editor.createIndex({ name: 'ix_tasks_image_id', table: 'tasks', columns: ['image_id'] })
    },
  },
  '2024_1_expand01': {
    up: async (editor) => {
      for (const table of cacheTables) await editor.createTable(table)
    },
  },
}

const trunk: readonly Revision[] = [
  {
    id: 'liberty',
    branch: 'trunk',
    parents: [],
    up: async (editor) => {
      for (const table of libertyTables) await editor.createTable(table)
    },
  },
  {
    id: 'mitaka01',
    branch: 'trunk',
    parents: ['liberty'],
    up: async (editor) => {
      await editor.createIndex({ name: 'created_at_image_idx', table: 'images', columns: ['created_at'] })
      await editor.createIndex({ name: 'updated_at_image_idx', table: 'images', columns: ['updated_at'] })
    },
  },
  {
    id: 'mitaka02',
    branch: 'trunk',
    parents: ['mitaka01'],
    up: ({ session }) =>
      session.execute("UPDATE metadef_resource_types SET name = 'OS::Nova::Server' WHERE name = 'OS::Nova::Instance'"),
  },
]

const releases = [
  'ocata:01',
  'pike:01',
  'queens:01',
  'rocky:01',
  'rocky:02',
  'train:01',
  'ussuri:01',
  'wallaby:01',
  'xena:01',
  'yoga:01',
  'zed:01',
  '2023_1:01',
  '2024_1:01',
]

/** All revisions, parents first. @see glance `db/sqlalchemy/alembic_migrations/versions` */
export const revisions: readonly Revision[] = [...trunk, ...releases.flatMap(revisionsOfRelease)]

function revisionsOfRelease(entry: string, index: number): Revision[] {
  const idOf = (branch: 'expand' | 'contract', release: string) => release.replace(':', `_${branch}`)
  const before = releases[index - 1]
  return (['expand', 'contract'] as const).map((branch) => {
    const id = idOf(branch, entry)
    const down = before ? idOf(branch, before) : 'mitaka02'
    const parents = branch === 'expand' ? [down] : [down, idOf('expand', entry)]
    const step = steps[id] ?? { up: nothing }
    return { id, branch, parents, ...step }
  })
}

/**
 * The revision up to which a database is brought unless told otherwise. All releases from Wallaby on work with it; going
 * further would lock out a Glance of Wallaby to 2023.2 that shares the database, since Alembic refuses revisions it does not know.
 */
export const defaultHeads = { expand: 'wallaby_expand01', contract: 'wallaby_contract01' } as const

/** The newest revisions that are known. */
export const newestHeads = { expand: '2024_1_expand01', contract: '2024_1_contract01' } as const

/** Revisions of the time when sqlalchemy-migrate kept the version, by its number. */
export const legacyVersions: Readonly<Record<number, string>> = {
  42: 'liberty',
  43: 'mitaka01',
  44: 'mitaka02',
  45: 'ocata_contract01',
}
