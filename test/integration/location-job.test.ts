import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { startGlimpse } from '../support/service.ts'
import { until } from '../support/until.ts'
import { startWebServer } from '../support/web-server.ts'

const data = Buffer.alloc(300_000, 'data')

test('the hash of a location is computed by the next process when one is stopped; nobody finds the URL in the database', async (t) => {
  let isSlow = true
  let reads = 0
  const web = await startWebServer({
    '/image': (request, response) => {
      response.writeHead(200, { 'content-length': data.length })
      if (request.method === 'HEAD') return void response.end()
      reads += 1
      response.write(data.subarray(0, 1000))
      if (!isSlow) response.end(data.subarray(1000))
    },
  })
  t.after(() => web[Symbol.asyncDispose]())
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-location-job-'))
  const databasePath = join(directory, 'glimpse.sqlite')
  let service = await startGlimpse({
    directory,
    config: {
      DEFAULT: { metadata_encryption_key: '0123456789abcdef', graceful_shutdown_timeout: 2 },
      database: { connection: `sqlite:///${databasePath}` },
      glance_store: { stores: 'file,http', filesystem_store_datadir: join(directory, 'images') },
      import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: '[]' },
    },
  })
  t.after(async () => {
    await service.stop()
    await rm(directory, { recursive: true, force: true })
  })
  const call = (method: string, path: string, body?: object) =>
    fetch(`${service.url}/v2/images${path}`, {
      method,
      headers: { 'content-type': 'application/json', connection: 'close' },
      ...(body && { body: JSON.stringify(body) }),
    })
  const show = async () =>
    (await (await call('GET', `/${id}`)).json()) as { status: string; os_hash_value: string | null }

  const created = await call('POST', '', { disk_format: 'raw', container_format: 'bare' })
  const { id } = (await created.json()) as { id: string }
  const os_hash_value = createHash('sha256').update(data).digest('hex')
  const answer = await call('POST', `/${id}/locations`, {
    url: `${web.url.replace('//', '//user:SECRET@')}/image`,
    validation_data: { os_hash_algo: 'sha256', os_hash_value },
  })
  assert.equal(answer.status, 202)
  await until(async () => reads === 1)
  assert.equal((await show()).status, 'importing')

  const database = new DatabaseSync(databasePath, { readOnly: true })
  const tables = database.prepare("select name from sqlite_master where type = 'table'").all()
  const stored = tables.map(({ name }) => database.prepare(`select * from "${name}"`).all())
  database.close()
  assert.doesNotMatch(JSON.stringify(stored), /SECRET/)

  isSlow = false
  service = await service.restart()
  await until(async () => (await show()).status === 'active')
  assert.equal((await show()).os_hash_value, os_hash_value)
  assert.ok(reads >= 2)
  assert.doesNotMatch(await service.log(), /SECRET/)
})
