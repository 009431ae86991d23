import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { glimpse, manage } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { type Service, startGlimpse, writeServiceConfig } from '../support/service.ts'
import { until } from '../support/until.ts'
import { startWebServer } from '../support/web-server.ts'

const mebibyte = 2 ** 20
const data = Buffer.alloc(12 * mebibyte, 'what is imported')
const digest = createHash('sha512').update(data).digest('hex')
const { mariadb } = await peers('mariadb')
const directory = await mkdtemp(join(tmpdir(), 'glimpse-crash-'))
const database = await mariadb.createDatabase()
/** Takes about two seconds for the data. */
const web = await startWebServer({
  '/slow': async (_request, response) => {
    response.writeHead(200, { 'content-length': data.length })
    for (let at = 0; at < data.length && !response.destroyed; at += mebibyte) {
      response.write(data.subarray(at, at + mebibyte))
      await sleep(150)
    }
    response.end()
  },
})
const services: Service[] = []
after(async () => {
  for (const service of services) await service.stop()
  await web[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

type View = { id: string; status: string; os_hash_value: string; stores?: string; os_glance_import_task?: string }

async function call(service: Service, method: string, path: string, body?: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(service.url + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) })
}

async function createImage(service: Service): Promise<string> {
  const body = { disk_format: 'raw', container_format: 'bare' }
  return ((await (await call(service, 'POST', '/v2/images', body)).json()) as View).id
}

async function stage(service: Service, id: string): Promise<void> {
  const headers = { 'content-type': 'application/octet-stream' }
  const response = await fetch(`${service.url}/v2/images/${id}/stage`, { method: 'PUT', headers, body: data })
  assert.equal(response.status, 204)
}

/** Two nodes that share the database and the folders. */
async function startNodes(): Promise<[Service, Service]> {
  const folder = (name: string) => join(directory, name)
  const config = {
    DEFAULT: { enabled_backends: 'one:file,two:file' },
    database: { connection: database.url },
    glance_store: { default_backend: 'one' },
    one: { filesystem_store_datadir: folder('one') },
    two: { filesystem_store_datadir: folder('two') },
    os_glance_staging_store: { filesystem_store_datadir: folder('staging') },
    import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: `[${new URL(web.url).port}]` },
    glimpse: { job_lease: 2 },
  }
  const options = { directory: folder('first'), config }
  await manage(glimpse, await writeServiceConfig(glimpse, options), ['db_sync'])
  services.push(await startGlimpse(options), await startGlimpse({ directory: folder('second'), config }))
  return [...services] as [Service, Service]
}

test('finishes every import although workers and whole nodes are killed meanwhile', async () => {
  const [first, other] = await startNodes()
  let second = other
  const ids: string[] = []
  for (let i = 0; i < 8; i++) {
    const id = await createImage(first)
    const fromWeb = { method: { name: 'web-download', uri: `${web.url}/slow` } }
    const staged = { method: { name: 'glance-direct' } }
    if (i % 2) await stage(first, id)
    const response = await call(first, 'POST', `/v2/images/${id}/import`, {
      ...(i % 2 ? staged : fromWeb),
      all_stores: true,
    })
    assert.equal(response.status, 202)
    ids.push(id)
  }
  await sleep(500)
  for (const pid of await first.workerPids()) process.kill(pid, 'SIGKILL')
  await sleep(1_500)
  await second.kill()
  second = await second.restart()
  services[1] = second
  await sleep(800)
  await first.kill()

  const show = async (id: string) => (await (await call(second, 'GET', `/v2/images/${id}`)).json()) as View
  await until(async () => (await Promise.all(ids.map(show))).every(({ status }) => status === 'active'), 60_000)
  for (const image of await Promise.all(ids.map(show))) {
    const { os_hash_value: value, stores, os_glance_import_task: lock } = image
    assert.deepEqual([value, stores, lock], [digest, 'one,two', undefined])
  }
  await until(async () => {
    const [row] = await database.query<{ open: number }>(
      'select count(*) as open from glimpse_jobs where ended_at is null',
    )
    return Number(row?.open) === 0
  })
  // What the dead have begun to write goes at the next start.
  services[0] = await first.restart()
  const found = async (folder: string) => (await readdir(join(directory, folder))).toSorted().join()
  await until(async () => (await found('staging')) === '')
  for (const store of ['one', 'two']) await until(async () => (await found(store)) === ids.toSorted().join())
})
