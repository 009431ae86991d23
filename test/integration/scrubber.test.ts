import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, describe, it, type TestContext } from 'node:test'
import { fileStoreSections, mergeSections, type Sections } from '../support/config-file.ts'
import { glimpse, type Implementation, manage, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { type Service, startService, writeServiceConfig } from '../support/service.ts'
import { until } from '../support/until.ts'

/** A service with delayed_delete and no authentication, on the database given or on one in its folder. */
async function start(t: TestContext, options: { by?: Implementation; database?: string; config?: Sections } = {}) {
  const { by = glimpse, config = {} } = options
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-scrubber-'))
  const { database = `sqlite:///${directory}/glance.sqlite` } = options
  const images = join(directory, 'images')
  const settings = {
    directory,
    config: mergeSections(
      { DEFAULT: { delayed_delete: true }, database: { connection: database } },
      fileStoreSections(images),
      config,
    ),
  }
  if (options.database) await manage(by, await writeServiceConfig(by, { ...settings, port: 1 }), ['db_sync'])
  const service = await startService(by, settings)
  t.after(async () => {
    await service.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return { service, files: async () => (await readdir(images)).filter((name) => !name.startsWith('.')).sort() }
}

async function createImage({ url }: Service): Promise<string> {
  const created = await fetch(`${url}/v2/images`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ disk_format: 'raw', container_format: 'bare', kept: 'yes', tags: ['t'] }),
  })
  const { id } = (await created.json()) as { id: string }
  const uploaded = await fetch(`${url}/v2/images/${id}/file`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: 'data',
  })
  assert.equal(uploaded.status, 204)
  return id
}

async function deleteImage({ url }: Service, id: string): Promise<void> {
  assert.equal((await fetch(`${url}/v2/images/${id}`, { method: 'DELETE' })).status, 204)
}

async function createDeleted(service: Service, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) {
    const id = await createImage(service)
    await deleteImage(service, id)
    ids.push(id)
  }
  return ids.sort()
}

function launch({ configPaths }: Service, args: readonly string[] = [], by: Implementation = glimpse): ChildProcess {
  const files = configPaths.flatMap((path) => ['--config-file', path])
  return spawn(join(dirname(by.api), 'glance-scrubber'), [...files, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
}

async function scrub(service: Service, args: readonly string[] = [], by: Implementation = glimpse) {
  const child = launch(service, args, by)
  assert.ok(child.stderr)
  const [errors, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
  return { code: code as number, errors }
}

/** Restores once no scrubber of anyone runs on this machine: until then restoring is refused. */
async function restore(service: Service, id: string) {
  let result = await scrub(service, ['--restore', id])
  await until(async () => {
    if (!result.errors.includes('is running')) return true
    result = await scrub(service, ['--restore', id])
    return false
  })
  return result
}

describe('glance-scrubber', () => {
  it('removes the data of deleted images, and nothing else', async (t) => {
    const { service, files } = await start(t)
    const [living] = [await createImage(service)]
    const deleted = await createDeleted(service, 3)
    assert.deepEqual(await files(), [living, ...deleted].sort())
    const { code, errors } = await scrub(service)
    assert.equal(code, 0, errors)
    assert.match(errors, /scrubbing has ended images=3 failed=0/)
    assert.deepEqual(await files(), [living])
    assert.match((await scrub(service)).errors, /images=0 failed=0/)
  })

  it('leaves what was deleted less than scrub_time ago', async (t) => {
    const { service, files } = await start(t, { config: { DEFAULT: { scrub_time: 3600 } } })
    const ids = await createDeleted(service, 1)
    assert.equal((await scrub(service)).code, 0)
    assert.deepEqual(await files(), ids)
  })

  it('works beside others of its kind', async (t) => {
    const { service, files } = await start(t, { config: { DEFAULT: { scrub_pool_size: 4 } } })
    await createDeleted(service, 12)
    const ends = await Promise.all([1, 2, 3].map(() => scrub(service)))
    for (const { code, errors } of ends) {
      assert.equal(code, 0, errors)
      assert.match(errors, /failed=0/)
    }
    assert.deepEqual(await files(), [])
  })

  it('restores an image with its data and properties, and says why it does not', async (t) => {
    const { service, files } = await start(t)
    const [id = ''] = await createDeleted(service, 1)
    assert.equal((await fetch(`${service.url}/v2/images/${id}`)).status, 404)
    const done = await restore(service, id)
    assert.equal(done.code, 0, done.errors)
    const image = (await (await fetch(`${service.url}/v2/images/${id}`)).json()) as Record<string, unknown>
    assert.deepEqual([image.status, image.kept, image.tags, image.stores], ['active', 'yes', ['t'], 'file1'])
    assert.equal(await (await fetch(`${service.url}/v2/images/${id}/file`)).text(), 'data')
    assert.equal((await scrub(service)).code, 0)
    assert.deepEqual(await files(), [id])
    for (const [wanted, reason] of [
      [id, /ERROR: .*in status active/],
      ['00000000-0000-0000-0000-000000000000', /ERROR: No image found/],
    ] as const) {
      const { code, errors } = await restore(service, wanted)
      assert.equal(code, 1)
      assert.match(errors, reason)
    }
  })

  it('runs as a daemon until it is told to stop, and lets nobody restore meanwhile', async (t) => {
    const { service, files } = await start(t, { config: { DEFAULT: { wakeup_time: 1 } } })
    const daemon = launch(service, ['--daemon'])
    t.after(() => daemon.kill('SIGKILL'))
    daemon.stderr?.resume()
    const ended = once(daemon, 'exit')
    for (let round = 0; round < 2; round += 1) {
      await createDeleted(service, 2)
      await until(async () => (await files()).length === 0)
    }
    const refused = await scrub(service, ['--restore', 'x'])
    assert.equal(refused.code, 1)
    assert.match(refused.errors, /ERROR: .*is running/)
    daemon.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
  })

  it('refuses to restore as a daemon, and options that it does not know', async (t) => {
    const { service } = await start(t)
    const both = await scrub(service, ['--daemon', '--restore', 'x'])
    assert.equal(both.code, 1)
    assert.match(both.errors, /ERROR: .*together/)
    assert.equal((await scrub(service, ['--bogus'])).code, 2)
  })
})

describe('glance-scrubber and the reference', async () => {
  const { mariadb } = await peers('mariadb')
  const databases: AsyncDisposable[] = []
  after(async () => {
    for (const database of databases) await database[Symbol.asyncDispose]()
  })

  for (const [server, scrubber] of [
    [reference, glimpse],
    [glimpse, reference],
  ] as const) {
    it(`the scrubber of ${scrubber.name} removes what the service of ${server.name} has deleted, and not what was restored`, async (t) => {
      const database = await mariadb.createDatabase()
      databases.push(database)
      const { service, files } = await start(t, { by: server, database: database.url })
      const [saved = ''] = await createDeleted(service, 3)
      assert.equal((await files()).length, 3)
      const restored = await restore(service, saved)
      assert.equal(restored.code, 0, restored.errors)
      const { code, errors } = await scrub(service, [], scrubber)
      assert.equal(code, 0, errors)
      assert.deepEqual(await files(), [saved])
      assert.equal(await (await fetch(`${service.url}/v2/images/${saved}/file`)).text(), 'data')
      const living = await database.query('SELECT id FROM images WHERE status <> "deleted" OR NOT deleted')
      assert.deepEqual(living, [{ id: saved }])
    })
  }
})
