import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { writeConfigFile } from '../support/config-file.ts'
import type { TestDatabase } from '../support/databases.ts'
import { glimpse, type Implementation, manage, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'

const { mariadb } = await peers('mariadb')
const catalogues = {
  'of Debian': '/usr/share/glance-common/metadefs',
  'of this repository': resolve(import.meta.dirname, '../../etc/metadefs'),
}

const contents = [
  'SELECT namespace, display_name, description, visibility, protected, owner FROM metadef_namespaces',
  `SELECT n.namespace, t.name, t.protected, r.prefix, r.properties_target FROM metadef_namespace_resource_types r
     JOIN metadef_namespaces n ON n.id = r.namespace_id JOIN metadef_resource_types t ON t.id = r.resource_type_id`,
  'SELECT n.namespace, p.name, p.json_schema FROM metadef_properties p JOIN metadef_namespaces n ON n.id = p.namespace_id',
  `SELECT n.namespace, o.name, o.description, o.json_schema FROM metadef_objects o
     JOIN metadef_namespaces n ON n.id = o.namespace_id`,
  'SELECT n.namespace, t.name FROM metadef_tags t JOIN metadef_namespaces n ON n.id = t.namespace_id',
]

describe('files of metadata definitions', () => {
  let folder: string
  const databases: TestDatabase[] = []
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metadefs-'))
  })
  after(async () => {
    for (const database of databases) await database.drop()
    await rm(folder, { recursive: true })
  })

  /** A database that Glimpse made, and the commands of either implementation on it. */
  async function subject() {
    const database = await mariadb.createDatabase()
    databases.push(database)
    const config = await writeConfigFile(join(folder, `${database.name}.conf`), {
      database: { connection: database.url },
    })
    await (await openRepositories({ connection: database.url, createSchema: true })).close()
    const run = (by: Implementation, ...args: string[]) => manage(by, [config], ['db', ...args])
    return {
      run,
      async dump(): Promise<string[][]> {
        const all = []
        for (const sql of contents) {
          const rows = await database.query<Record<string, unknown>>(sql)
          all.push(rows.map(comparable).sort())
        }
        return all
      },
    }
  }

  async function emptyFolder(name: string): Promise<string> {
    await mkdir(join(folder, name), { recursive: true })
    // Glance puts its file names straight behind the path.
    return `${join(folder, name)}/`
  }

  for (const [which, catalogue] of Object.entries(catalogues)) {
    it(`keep everything of the catalogue ${which} from Glance to Glimpse and back`, async () => {
      const [first, second, third] = [await subject(), await subject(), await subject()]
      const [fromGlance, fromGlimpse] = [await emptyFolder(`glance ${which}`), await emptyFolder(`glimpse ${which}`)]
      await first.run(reference, 'load_metadefs', '--path', catalogue)
      const original = await first.dump()
      assert.ok(
        original.every((rows, table) => rows.length > 0 || table === 4),
        'the catalogue was loaded',
      )
      await first.run(reference, 'export_metadefs', '--path', fromGlance)
      await second.run(glimpse, 'load_metadefs', '--path', fromGlance)
      assert.deepEqual(await second.dump(), original)
      await second.run(glimpse, 'export_metadefs', '--path', fromGlimpse)
      await third.run(reference, 'load_metadefs', '--path', fromGlimpse)
      assert.deepEqual(await third.dump(), original)
    })
  }

  it('load alike in every mode into a catalogue that was changed', async () => {
    const definitions = {
      ...{ display_name: 'name', description: 'new', visibility: 'public', protected: true },
      resource_type_associations: [{ name: 'OS::Glance::Image', prefix: 'new_' }, { name: 'OS::Nova::Flavor' }],
      properties: { shared: { type: 'string', title: 'new' }, added: { type: 'integer', title: 'x' } },
      objects: [{ name: 'object', description: 'new', properties: { p: { type: 'string', title: 'new' } } }],
      tags: [{ name: 'added' }, { name: 'shared' }],
    }
    const before = {
      ...definitions,
      ...{ description: 'old', protected: false, tags: [{ name: 'shared' }, { name: 'own' }] },
      resource_type_associations: [{ name: 'OS::Glance::Image', prefix: 'old_' }],
      properties: { shared: { type: 'string', title: 'old' }, own: { type: 'boolean', title: 'y' } },
      objects: [{ name: 'object', description: 'old', properties: { p: { type: 'string', title: 'old' } } }],
    }
    const modes = [[], ['--merge'], ['--merge', '--prefer_new'], ['--merge', '--overwrite']]
    const [old, next] = [await emptyFolder('old'), await emptyFolder('new')]
    for (const index of modes.keys()) {
      await writeFile(join(old, `${index}.json`), JSON.stringify({ ...before, namespace: `N${index}` }))
      await writeFile(join(next, `${index}.json`), JSON.stringify({ ...definitions, namespace: `N${index}` }))
    }
    const [one, other] = [await subject(), await subject()]
    for (const [index, flags] of [['', []] as const, ...modes.entries()]) {
      const path = index === '' ? old : join(next, `${index}.json`)
      await one.run(reference, 'load_metadefs', '--path', path, ...flags)
      await other.run(glimpse, 'load_metadefs', '--path', path, ...flags)
      assert.deepEqual(await other.dump(), await one.dump(), flags.join(' ') || 'no flags')
    }
  })

  it('that are broken are named with the place, change nothing and do not stop the others', async () => {
    const { run, dump } = await subject()
    const broken = await emptyFolder('broken')
    await writeFile(join(broken, 'a.json'), '{\n  "namespace": "A",\n  "tags": [oops]\n}')
    await writeFile(
      join(broken, 'b.json'),
      JSON.stringify({ namespace: 'B', objects: [{ name: 'x' }, { title: 'y' }] }),
    )
    await writeFile(
      join(broken, 'c.json'),
      JSON.stringify({ namespace: 'C', tags: [{ name: 'one' }, { name: 'one' }] }),
    )
    await writeFile(join(broken, 'd.json'), JSON.stringify({ namespace: 'D' }))
    const failure = await run(glimpse, 'load_metadefs', '--path', broken).then(
      () => assert.fail('the exit code tells'),
      (error: Error) => error.message,
    )
    assert.match(failure, /a\.json: no JSON: .*\[oops\]/)
    assert.match(failure, /b\.json: \/objects\/1 must have required property 'name'/)
    assert.match(failure, /c\.json: /)
    assert.match(failure, /1 namespaces loaded, 0 skipped, 3 failed/)
    const [namespaces = [], , , objects, tags] = await dump()
    assert.deepEqual([namespaces.length, objects, tags], [1, [], []])
  })

  it('get names of their own where display names collide, and all can be removed', async () => {
    const { run, dump } = await subject()
    const target = await emptyFolder('colliding')
    for (const namespace of ['One::A', 'Two::B', 'Three']) {
      const source = join(folder, 'colliding.json')
      const display = namespace === 'Three' ? {} : { display_name: 'The same' }
      await writeFile(source, JSON.stringify({ namespace, ...display }))
      await run(glimpse, 'load_metadefs', '--path', source)
    }
    await run(glimpse, 'export_metadefs', '--path', target)
    assert.deepEqual((await readdir(target)).sort(), ['Thesame.json', 'Three.json', 'TwoB.json'])
    assert.equal(JSON.parse(await readFile(join(target, 'TwoB.json'), 'utf8')).namespace, 'Two::B')
    await run(glimpse, 'unload_metadefs')
    assert.deepEqual(await dump(), [[], [], [], [], []])
  })
})

/** A row as text: a schema by what it says, whatever its spaces; what Glance leaves NULL by how it reads it. */
function comparable({ json_schema: schema, ...row }: Record<string, unknown>): string {
  if ('visibility' in row)
    Object.assign(row, { visibility: row.visibility ?? 'private', protected: row.protected ?? 0 })
  return JSON.stringify({ ...row, schema: typeof schema === 'string' && sorted(JSON.parse(schema)) })
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([one], [two]) => (one < two ? -1 : 1))
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]))
}
