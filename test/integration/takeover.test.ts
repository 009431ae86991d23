import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { glimpse, type Implementation, manage, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'

/** A database of its own, with what its catalogue says of the schema. */
interface Subject {
  readonly url: string
  execute(sql: string): Promise<unknown[]>
  /** Columns, keys, checks and indexes as comparable lines, without our own indexes and the legacy version table. */
  schema(): Promise<string[]>
}

const { mariadb, postgres } = await peers('mariadb', 'postgres')
const directory = await mkdtemp(join(tmpdir(), 'takeover-'))
const disposables: AsyncDisposable[] = []
after(async () => {
  for (const disposable of disposables) await disposable[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

const catalogues = {
  MariaDB: [
    `SELECT table_name, ordinal_position, column_name, column_type, is_nullable, column_default, extra, character_set_name
       FROM information_schema.columns WHERE table_schema = database()`,
    `SELECT table_name, index_name, seq_in_index, column_name, non_unique
       FROM information_schema.statistics WHERE table_schema = database()`,
    `SELECT table_name, constraint_name, check_clause
       FROM information_schema.check_constraints WHERE constraint_schema = database()`,
    `SELECT table_name, constraint_name, column_name, referenced_table_name, referenced_column_name
       FROM information_schema.key_column_usage WHERE table_schema = database()`,
  ],
  PostgreSQL: [
    `SELECT table_name, ordinal_position, column_name, data_type, udt_name, character_maximum_length, is_nullable,
       column_default FROM information_schema.columns WHERE table_schema = 'public'`,
    `SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'`,
    `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace`,
  ],
  SQLite: ['SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL'],
}

async function subject(kind: keyof typeof catalogues): Promise<Subject> {
  const database = kind === 'SQLite' ? sqliteSubject() : await server(kind === 'MariaDB' ? mariadb : postgres)
  return {
    ...database,
    async schema() {
      const lines: string[] = []
      for (const sql of catalogues[kind]) {
        for (const row of await database.execute(sql))
          lines.push(JSON.stringify(row).replaceAll(/(?:\\[nt]|["\s])+/g, ' '))
      }
      return lines
        .map((line) => line.replaceAll(' ,', ',').replaceAll(', ', ',').replaceAll('( ', '(').replaceAll(' )', ')'))
        .filter((line) => !/glimpse_|migrate_version/.test(line))
        .sort()
    },
  }
}

async function server(peer: typeof mariadb): Promise<Omit<Subject, 'schema'>> {
  const database = await peer.createDatabase()
  disposables.push(database)
  return { url: database.url, execute: (sql) => database.query(sql) }
}

let files = 0
function sqliteSubject(): Omit<Subject, 'schema'> {
  const path = join(directory, `${++files}.sqlite`)
  return {
    url: `sqlite:///${path}`,
    execute: async (sql) => {
      using connection = new DatabaseSync(path)
      return connection.prepare(sql).all()
    },
  }
}

async function run(implementation: Implementation, { url }: Subject, ...args: string[]): Promise<string> {
  const path = join(directory, `${++files}.conf`)
  await writeFile(path, `[database]\nconnection = ${url.replaceAll('%', '%%')}\n`)
  return manage(implementation, [path], args)
}

const time = "'2016-05-06 07:08:09'"

for (const kind of ['MariaDB', 'PostgreSQL', 'SQLite'] as const) {
  const no = kind === 'PostgreSQL' ? 'false' : '0'
  const yes = kind === 'PostgreSQL' ? 'true' : '1'

  describe(`taking over a database of the reference on ${kind}`, () => {
    it('makes the schema that the reference makes, and the reference finds nothing to do', async () => {
      const [ours, theirs] = [await subject(kind), await subject(kind)]
      await run(glimpse, ours, 'db_sync')
      await run(reference, theirs, 'db_sync')
      assert.deepEqual(await ours.schema(), await theirs.schema())
      assert.match(await run(reference, ours, 'db_version'), /wallaby_contract01/)
      const before = await ours.schema()
      await run(reference, ours, 'db_sync')
      assert.deepEqual(await ours.schema(), before)
    })

    it('serves what the reference has filled in', async () => {
      const database = await subject(kind)
      await run(reference, database, 'db_sync')
      const common = `created_at, updated_at, deleted`
      await database.execute(`INSERT INTO images (id, name, size, status, visibility, owner, min_disk, min_ram, protected, ${common})
        VALUES ('i', 'old', 5000000000000, 'active', 'private', 'p', 1, 2, ${yes}, ${time}, ${time}, ${no})`)
      await database.execute(`INSERT INTO image_properties (image_id, name, value, ${common})
        VALUES ('i', 'kind', 'x', ${time}, ${time}, ${no}), ('i', 'gone', 'y', ${time}, ${time}, ${yes})`)
      await database.execute(`INSERT INTO image_locations (image_id, value, meta_data, status, ${common})
        VALUES ('i', 'file:///i', '{"store": "fast"}', 'active', ${time}, ${time}, ${no})`)
      await run(glimpse, database, 'db_sync')
      const repositories = await openRepositories({ connection: database.url })
      try {
        const image = await repositories.images.get('i')
        assert.deepEqual(
          [image?.name, image?.sizeBytes, image?.protected, image?.createdAt, image?.properties],
          ['old', 5_000_000_000_000, true, new Date('2016-05-06T07:08:09Z'), { kind: 'x' }],
        )
        assert.deepEqual(image?.locations[0]?.metadata, { store: 'fast' })
        const revived = await repositories.images.update('i', { setProperties: { gone: 'z' } })
        assert.deepEqual(revived.properties, { kind: 'x', gone: 'z' })
      } finally {
        await repositories.close()
      }
    })

    it('brings a database of Mitaka up to date, whatever kept its version', async () => {
      const [database, fresh] = [await subject(kind), await subject(kind)]
      await run(reference, database, 'db', 'upgrade', '--version', 'mitaka02')
      await database.execute('DROP TABLE alembic_version')
      await database.execute(
        'CREATE TABLE migrate_version (repository_id VARCHAR(250) NOT NULL PRIMARY KEY, version INT)',
      )
      await database.execute("INSERT INTO migrate_version VALUES ('Glance Migrations', 44)")
      for (const [id, isPublic] of [
        ['open', yes],
        ['closed', no],
        ['lent', no],
      ]) {
        await database.execute(`INSERT INTO images (id, status, is_public, min_disk, min_ram, created_at, updated_at, deleted)
          VALUES ('${id}', 'active', ${isPublic}, 0, 0, ${time}, ${time}, ${no})`)
      }
      await database.execute(`INSERT INTO image_members (image_id, member, can_share, status, created_at, deleted)
        VALUES ('lent', 'm', ${no}, 'accepted', ${time}, ${no})`)
      await run(glimpse, database, 'db', 'sync')
      await run(glimpse, fresh, 'db', 'sync')
      assert.deepEqual(await database.schema(), await fresh.schema())
      assert.match(await run(reference, database, 'db_version'), /wallaby_contract01/)
      const repositories = await openRepositories({ connection: database.url })
      try {
        const found = await Promise.all(['open', 'closed', 'lent'].map((id) => repositories.images.get(id)))
        assert.deepEqual(
          found.map((image) => image?.visibility),
          ['public', 'private', 'shared'],
        )
      } finally {
        await repositories.close()
      }
    })
  })
}
