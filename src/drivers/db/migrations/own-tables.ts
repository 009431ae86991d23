import type { Database } from '../database.ts'
import { SchemaEditor } from './schema-editor.ts'
import { bigint, integer, type Table, text, varchar } from './table.ts'

/**
 * Our own tables. Additive: Glance neither needs nor minds them, and none of them refers to one of Glance's. A new one is
 * added to this list; it is made by `db sync` and, where it is missing, by the service itself.
 */
const ownTables: readonly Table[] = [
  {
    // Changed by whoever relies on nobody else changing an image meanwhile.
    name: 'glimpse_turns',
    columns: [integer('slot', { required: true }), bigint('version', { required: true })],
    primaryKey: ['slot'],
  },
  {
    // One row per project: whoever reserves for the project changes it first.
    name: 'glimpse_quota_projects',
    columns: [varchar('owner', 255, { required: true }), bigint('version', { required: true, default: '0' })],
    primaryKey: ['owner'],
  },
  {
    name: 'glimpse_quota_reservations',
    columns: [
      varchar('id', 36, { required: true }),
      varchar('resource', 64, { required: true }),
      varchar('owner', 255, { required: true }),
      varchar('holder', 36, { required: true }),
      bigint('amount', { required: true }),
      bigint('expires_at', { required: true }),
    ],
    primaryKey: ['id', 'resource'],
    indexes: [
      ['glimpse_quota_reservations_owner', 'owner', 'resource'],
      ['glimpse_quota_reservations_holder', 'holder'],
    ],
  },
  {
    // Times are milliseconds since 1970 by the database's clock.
    name: 'glimpse_jobs',
    columns: [
      varchar('id', 36, { required: true }),
      varchar('kind', 64, { required: true }),
      varchar('project', 255, { required: true }),
      varchar('image_id', 36),
      text('input', { required: true }),
      text('steps', { required: true }),
      bigint('progress'),
      varchar('status', 16, { required: true }),
      varchar('verdict', 16),
      text('reason'),
      integer('attempts', { required: true }),
      varchar('lease_token', 36),
      varchar('runner', 255),
      // When a runner may take the job: the end of a delay, or of a lease. NULL once the job has ended.
      bigint('due_at'),
      bigint('created_at', { required: true }),
      bigint('ended_at'),
    ],
    primaryKey: ['id'],
    indexes: [
      ['glimpse_jobs_due', 'due_at'],
      ['glimpse_jobs_project', 'project', 'due_at'],
      ['glimpse_jobs_image', 'image_id'],
      ['glimpse_jobs_ended', 'ended_at'],
    ],
  },
  {
    // Programs that work by passes; `next_at` is the time of the next one.
    name: 'glimpse_programs',
    columns: [varchar('name', 32, { required: true }), integer('paused', { required: true }), bigint('next_at')],
    primaryKey: ['name'],
  },
  {
    name: 'glimpse_passes',
    columns: [
      varchar('id', 36, { required: true }),
      varchar('program', 32, { required: true }),
      text('scope', { required: true }),
      varchar('state', 16, { required: true }),
      integer('planned_steps'),
      // Sums, once the pass has ended and its steps are removed.
      integer('done_steps'),
      integer('failed_steps'),
      text('counts'),
      bigint('started_at', { required: true }),
      bigint('ended_at'),
    ],
    primaryKey: ['id'],
    indexes: [
      ['glimpse_passes_program', 'program', 'started_at'],
      ['glimpse_passes_ended', 'ended_at'],
    ],
  },
  {
    // Steps that have ended, as long as their pass has not.
    name: 'glimpse_pass_steps',
    columns: [
      varchar('pass_id', 36, { required: true }),
      varchar('step', 64, { required: true }),
      integer('failed', { required: true }),
      text('counts', { required: true }),
    ],
    primaryKey: ['pass_id', 'step'],
  },
  {
    // The id is a digest of what names the finding.
    name: 'glimpse_findings',
    columns: [
      varchar('id', 64, { required: true }),
      varchar('program', 32, { required: true }),
      varchar('kind', 64, { required: true }),
      varchar('image_id', 36),
      varchar('store', 255),
      bigint('location_id'),
      text('subject'),
      text('detail', { required: true }),
      varchar('state', 16, { required: true }),
      bigint('first_seen', { required: true }),
      bigint('last_seen', { required: true }),
      varchar('last_pass', 36, { required: true }),
      integer('passes', { required: true }),
    ],
    primaryKey: ['id'],
    indexes: [
      ['glimpse_findings_state', 'state', 'program', 'kind'],
      ['glimpse_findings_pass', 'last_pass'],
      ['glimpse_findings_image', 'image_id'],
    ],
  },
  {
    // Rules that were given by the API.
    name: 'glimpse_replication_rules',
    columns: [
      varchar('name', 64, { required: true }),
      text('rule', { required: true }),
      bigint('updated_at', { required: true }),
    ],
    primaryKey: ['name'],
  },
  {
    // How images stand with the rules they fall under; what is of the image is the same in all of its rows.
    name: 'glimpse_replication_status',
    columns: [
      varchar('image_id', 36, { required: true }),
      varchar('rule', 64, { required: true }),
      varchar('state', 16, { required: true }),
      text('reason'),
      integer('good_copies', { required: true }),
      integer('due', { required: true }),
      // Who makes the copies.
      varchar('claimed_by', 128),
      bigint('checked_at'),
    ],
    primaryKey: ['image_id', 'rule'],
    indexes: [
      ['glimpse_replication_status_due', 'due', 'good_copies', 'image_id'],
      ['glimpse_replication_status_claim', 'claimed_by'],
      ['glimpse_replication_status_rule', 'rule', 'state'],
    ],
  },
]

/** Makes the missing ones. @returns names of those that were made */
export async function createOwnTables(
  editor: SchemaEditor,
  options: { onProgress?: (message: string) => void } = {},
): Promise<string[]> {
  const made: string[] = []
  for (const table of ownTables) {
    if (await editor.hasTable(table.name)) continue
    options.onProgress?.(`Creating table ${table.name}`)
    try {
      await editor.createTable(table)
    } catch (error) {
      // The schema lock of MySQL holds on one node of a cluster; another node may just have made the table.
      if (editor.dialect !== 'mysql' || !(await editor.hasTable(table.name))) throw error
    }
    made.push(table.name)
  }
  return made
}

/** The own tables of one database, made when they are first needed: a service may be put on a database of Glance's. */
export class OwnTables {
  readonly #database: Database
  #ready: Promise<void> | undefined

  constructor(database: Database) {
    this.#database = database
  }

  /** Resolves when all of them are there; asks the database until it has said so once. @throws database_unavailable */
  ensure(): Promise<void> {
    this.#ready ??= this.#database
      .schemaWork(async (session) => void (await createOwnTables(new SchemaEditor(session, this.#database.dialect))))
      .catch((error: unknown) => {
        this.#ready = undefined
        throw error
      })
    return this.#ready
  }
}
