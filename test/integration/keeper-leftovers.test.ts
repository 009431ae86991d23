import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { keystoneSections, writeConfigFile } from '../support/config-file.ts'
import { Images } from '../support/images.ts'
import { glimpse } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { until } from '../support/until.ts'

interface Report {
  readonly counts: Readonly<Record<string, number>>
  readonly findings: readonly { kind: string; state: string; image: string | null; subject: string | null }[]
}

const longAgo = '2020-01-01 00:00:00.000000'

describe('what failures and deletions leave', () => {
  let directory: string
  let service: Service
  let images: Images
  let database: DatabaseSync
  const data = randomBytes(50_000)
  const folder = (name: string) => join(directory, name)

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-leftovers-'))
    service = await startGlimpse({
      directory,
      config: {
        DEFAULT: { enabled_backends: 'one:file, two:file', delayed_delete: true, show_multiple_locations: true },
        database: { connection: `sqlite:///${directory}/glance.sqlite` },
        glance_store: { default_backend: 'one' },
        one: { filesystem_store_datadir: folder('one') },
        two: { filesystem_store_datadir: folder('two') },
        task: { task_time_to_live: 0 },
        glimpse: { job_lease: 2 },
        reaper: { purge_rows_after: 0, staging_grace_time: 0, items_per_second: 0 },
        updater: { items_per_second: 0, url_prefixes: `file://${folder('old')}/ file://${folder('two')}/` },
      },
    })
    images = new Images(service)
    database = new DatabaseSync(join(directory, 'glance.sqlite'), { timeout: 10_000 })
  })
  after(async () => {
    database?.close()
    await service?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  async function run(program: string, args: readonly string[] = [], configPaths = service.configPaths) {
    const files = configPaths.flatMap((path) => ['--config-file', path])
    const child = spawn(join(dirname(glimpse.api), program), [...files, '--json', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const [output, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    assert.notEqual(output, '', errors)
    const report = JSON.parse(output) as Report
    const named = report.findings.map(({ kind, state, image, subject }) => `${kind} ${state} ${image ?? subject}`)
    return { code: code as number, counts: report.counts, named: named.sort() }
  }

  const change = (sql: string, ...values: readonly string[]) => database.prepare(sql).run(...values)
  const rows = (sql: string, ...values: readonly string[]) => database.prepare(sql).all(...values)

  async function everything(): Promise<unknown> {
    const tables = rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name") as { name: string }[]
    const folders = ['one', 'two', 'staging'].map(async (name) => (await readdir(folder(name))).sort())
    return { rows: tables.map(({ name }) => [name, rows(`SELECT * FROM ${name}`)]), files: await Promise.all(folders) }
  }

  async function copied(): Promise<string> {
    const { id } = await images.createWithData(data)
    await fetch(`${service.url}/v2/images/${id}/import`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ method: { name: 'copy-image' }, stores: ['two'] }),
    })
    await until(async () => (await images.show(id)).stores?.split(',').length === 2)
    await until(() => rows("SELECT 1 FROM tasks WHERE status = 'success' AND image_id = ?", id).length === 1)
    return id
  }

  it('is removed by the reaper, and nothing else; a dry run only tells', async () => {
    const living = await copied()
    const deleted = (await images.createWithData(data)).id
    assert.equal(await images.delete(deleted), 204)
    const staged = await images.create()
    const staging = await fetch(`${service.url}/v2/images/${staged}/stage`, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: data,
    })
    assert.equal(staging.status, 204)
    await writeFile(join(folder('staging'), living), data)
    const dead = await images.create()
    change("UPDATE images SET status = 'saving' WHERE id = ?", dead)
    const temporary = `.glimpse-${dead}.0123456789ab`
    await writeFile(join(folder('one'), temporary), data)
    const before = await everything()
    const tasksExpired = 'expired_tasks open null'
    // The database counts whole seconds, and the task may have ended in this one.
    await until(async () => (await run('glance-reaper', ['--dry-run'])).named.includes(tasksExpired))
    const dry = await run('glance-reaper', ['--dry-run'])
    assert.deepEqual(await everything(), before)
    assert.equal(dry.code, 2)
    for (const finding of [
      `data_of_deleted open ${deleted}`,
      `dead_upload open ${dead}`,
      `staging_leftover open ${living}`,
      tasksExpired,
    ]) {
      assert.ok(dry.named.includes(finding), dry.named.join())
    }
    const done = await run('glance-reaper')
    assert.deepEqual([done.code, done.named], [0, []])
    const { images_scrubbed, uploads_cleaned, staged_removed, tasks_expired } = done.counts
    assert.deepEqual([images_scrubbed, uploads_cleaned, staged_removed, tasks_expired], [1, 1, 1, 1])
    assert.deepEqual(await readdir(folder('staging')), [staged])
    assert.deepEqual(await readdir(folder('one')), [living])
    assert.equal((await images.show(dead)).status, 'queued')
    await run('glance-reaper')
    assert.deepEqual(rows('SELECT id FROM tasks WHERE deleted = 1'), [])
    assert.deepEqual(rows('SELECT id FROM image_locations WHERE image_id = ?', deleted), [])
    assert.equal(rows('SELECT id FROM images WHERE id = ?', deleted).length, 1)
    assert.deepEqual(await images.download(living), data)
  })

  it('is carried out by the updater, and a second pass finds nothing more', async () => {
    const [moved, halfway, plain, locked] = [await copied(), await copied(), await copied(), await copied()]
    // A store was renamed and its folder moved.
    await mkdir(folder('old'), { recursive: true })
    change(
      'UPDATE image_locations SET value = ?, meta_data = ? WHERE image_id = ? AND value LIKE ?',
      ...[`file://${folder('old')}/${moved}`, '{"store": "former"}', moved, `%/two/${moved}`],
    )
    // An import that was cut off: one location whose data is there, one that never came so far.
    change("UPDATE image_locations SET status = 'uploading' WHERE image_id = ? AND value LIKE '%/two/%'", halfway)
    change(
      `INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted)
        VALUES (?, ?, '{}', 'pending', ?, 0)`,
      ...[halfway, `pending://parallel-import/${halfway}/two`, longAgo],
    )
    change('UPDATE images SET checksum = NULL WHERE id = ?', plain)
    change(
      "UPDATE image_properties SET value = ?, deleted = 0, deleted_at = NULL WHERE image_id = ? AND name = 'os_glance_import_task'",
      ...[randomUUID(), locked],
    )
    const stuck = await images.create()
    await copyFile(join(folder('one'), moved), join(folder('two'), stuck))
    change("UPDATE images SET status = 'saving' WHERE id = ?", stuck)
    const busy = await images.create()
    change("UPDATE images SET status = 'saving' WHERE id = ?", busy)
    for (const id of [halfway, locked, stuck]) change('UPDATE images SET updated_at = ? WHERE id = ?', longAgo, id)
    const before = await everything()
    const expected = [
      `location_outdated open ${moved}`,
      `location_unfinished open ${halfway}`,
      `location_unfinished open ${halfway}`,
      `digests_missing open ${plain}`,
      `lock_left open ${locked}`,
      `stuck open ${stuck}`,
    ].sort()
    const dry = await run('glance-updater', ['--dry-run'])
    assert.deepEqual([dry.code, dry.named], [2, expected])
    assert.deepEqual(await everything(), before)
    const done = await run('glance-updater')
    const repaired = expected.map((line) => (line.includes('digests') ? line : line.replace('open', 'repaired')))
    assert.deepEqual(done.named, repaired.sort())
    await until(async () => (await run('glance-updater')).named.length === 0)
    assert.deepEqual(
      [await images.show(moved), await images.show(halfway)].map(({ stores }) => stores?.split(',').sort().join()),
      ['one,two', 'one,two'],
    )
    assert.deepEqual([(await images.show(stuck)).status, (await images.show(busy)).status], ['queued', 'saving'])
    assert.ok(!(await readdir(folder('two'))).includes(stuck))
    assert.equal(await images.upload(stuck, data), 204)
    const missing = rows('SELECT id FROM images WHERE checksum IS NULL AND status = ?', 'active')
    assert.deepEqual(missing, [])
    await rename(join(folder('one'), moved), join(folder('one'), 'away'))
    assert.deepEqual(await images.download(moved), data)
  })

  it('of projects that Keystone no longer knows is deactivated, then deleted; others are left alone', async () => {
    const { keystone } = await peers('keystone')
    const [living, gone] = [
      await keystone.createUser({ roles: ['member'] }),
      await keystone.createUser({ roles: ['member'] }),
    ]
    await keystone.request('DELETE', `/projects/${gone.projectId}`)
    const owned = async ({ projectId }: { projectId: string }) => {
      const { id } = await images.createWithData(data)
      change('UPDATE images SET owner = ? WHERE id = ?', projectId, id)
      return id
    }
    const [kept, abandoned, guarded] = [await owned(living), await owned(gone), await owned(gone)]
    change('UPDATE images SET protected = 1 WHERE id = ?', guarded)
    const configured = async (action: string) => {
      const { keystone_authtoken = {} } = keystoneSections(keystone)
      const { username, password, project } = keystone.admin
      return [
        ...service.configPaths,
        await writeConfigFile(folder(`${action}.conf`), {
          keystone_authtoken: {
            ...keystone_authtoken,
            username,
            password,
            project_name: project,
            http_connect_timeout: 60,
          },
          reaper: { unknown_projects: action, unknown_project_delay: 0 },
        }),
      ]
    }
    const deactivating = await configured('deactivate')
    const found = `unknown_project open ${gone.projectId}`
    assert.deepEqual((await run('glance-reaper', [], deactivating)).named, [found])
    assert.equal((await images.show(abandoned)).status, 'active')
    assert.deepEqual((await run('glance-reaper', [], deactivating)).named, [found])
    assert.equal((await images.show(abandoned)).status, 'deactivated')
    await run('glance-reaper', [], await configured('delete'))
    assert.deepEqual(
      rows('SELECT status FROM images WHERE id IN (?, ?, ?) ORDER BY status', kept, abandoned, guarded).map(
        ({ status }) => status,
      ),
      ['active', 'deactivated', 'pending_delete'],
    )
    assert.deepEqual(await images.download(kept), data)
  })
})
