import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../peers/ports.ts'
import type { Sections } from '../support/config-file.ts'
import { startGlimpse } from '../support/service.ts'

async function start(t: TestContext, config: Sections = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-processes-'))
  const service = await startGlimpse({
    directory,
    config: {
      database: { connection: `sqlite:///${directory}/glimpse.sqlite` },
      glance_store: { filesystem_store_datadir: join(directory, 'images') },
      ...config,
    },
  })
  t.after(async () => {
    await service.stop()
    await rm(directory, { recursive: true, force: true })
  })
  return { ...service, directory }
}

async function until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + 20_000
  for (;;) {
    const found = await probe()
    if (found) return found
    assert.ok(Date.now() < deadline, `${what}: not within 20 s`)
    await sleep(25)
  }
}

const statusOf = async (url: string): Promise<number> => (await fetch(url, { headers: { connection: 'close' } })).status

async function createImage(url: string): Promise<string> {
  const response = await fetch(`${url}/v2/images`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ disk_format: 'raw', container_format: 'bare' }),
  })
  return ((await response.json()) as { id: string }).id
}

/** An upload that has sent its first bytes and waits to be told to send the rest. */
async function beginUpload(url: string) {
  const id = await createImage(url)
  const upload = request(`${url}/v2/images/${id}/file`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
  })
  const answered = new Promise<number>((resolve, reject) => {
    upload.on('response', (response) => resolve(response.resume().statusCode ?? 0)).on('error', reject)
  })
  upload.write(Buffer.alloc(100_000))
  await until('the upload begins', async () => {
    const image = (await (await fetch(`${url}/v2/images/${id}`)).json()) as { status: string }
    return image.status === 'saving'
  })
  return { id, finish: () => upload.end(Buffer.alloc(100_000)), answered }
}

test('replaces a worker that dies, while the others go on serving', async (t) => {
  const service = await start(t, { DEFAULT: { workers: 2 } })
  const before = await until('two workers', async () => {
    const pids = await service.workerPids()
    return pids.length === 2 && pids
  })
  process.kill(before[0] as number, 'SIGKILL')
  const after = await until('a successor', async () => {
    const pids = await service.workerPids()
    return pids.length === 2 && !pids.includes(before[0] as number) && pids
  })
  assert.ok(after.includes(before[1] as number))
  assert.equal(await statusOf(`${service.url}/v2/images`), 200)
})

test('finishes an upload in flight when it is told to stop, and takes no new connection', async (t) => {
  const service = await start(t)
  const upload = await beginUpload(service.url)
  const stopped = service.stop()
  await until('connections are refused', async () =>
    statusOf(`${service.url}/`).then(
      () => false,
      () => true,
    ),
  )
  upload.finish()
  assert.equal(await upload.answered, 204)
  await stopped
  assert.equal((await readFile(join(service.directory, 'images', upload.id))).length, 200_000)
})

test('cuts requests that outlast graceful_shutdown_timeout', async (t) => {
  const service = await start(t, {
    DEFAULT: { graceful_shutdown_timeout: 1 },
  })
  const upload = await beginUpload(service.url)
  const cut = assert.rejects(upload.answered)
  await service.stop()
  await cut
})

test('reads its configuration again on SIGHUP without dropping an upload, and keeps the old one if the new one is wrong', async (t) => {
  const service = await start(t)
  const path = service.configPaths[0] as string
  const original = await readFile(path, 'utf8')
  const [worker] = await service.workerPids()
  const upload = await beginUpload(service.url)

  await writeFile(path, original.replace('[DEFAULT]', '[DEFAULT]\napi_limit_max = many'))
  process.kill(service.pid, 'SIGHUP')
  await until('the refusal is logged', async () => (await service.log()).includes('api_limit_max'))
  assert.deepEqual(await service.workerPids(), [worker])

  await writeFile(path, original.replace('[DEFAULT]', '[DEFAULT]\nlimit_param_default = 1'))
  process.kill(service.pid, 'SIGHUP')
  await createImage(service.url)
  await until('the new limit holds', async () => {
    const list = (await (await fetch(`${service.url}/v2/images`, { headers: { connection: 'close' } })).json()) as {
      images: unknown[]
    }
    return list.images.length === 1
  })
  upload.finish()
  assert.equal(await upload.answered, 204)
})

test('tells of the same file, line and option for each fault, all at once, and does not start', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-processes-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const started = startGlimpse({
    directory,
    config: {
      DEFAULT: { limit_param_default: 0, workers: 'two' },
      database: { connection: `sqlite:///${directory}/glimpse.sqlite` },
    },
  })
  await assert.rejects(started, (error: Error) => {
    assert.match(error.message, /glance-api\.conf:\d+: \[DEFAULT\] limit_param_default = "?0"?: expected/)
    assert.match(error.message, /glance-api\.conf:\d+: \[DEFAULT\] workers = "?two"?: expected/)
    return true
  })
})

test('refuses to serve other machines without authentication, unless it is told to', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-processes-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const config = {
    DEFAULT: { bind_host: '0.0.0.0' },
    database: { connection: `sqlite:///${directory}/glimpse.sqlite` },
    glance_store: { filesystem_store_datadir: join(directory, 'images') },
  }
  await assert.rejects(startGlimpse({ directory, config }), /allow_remote_without_auth/)
  const allowed = await startGlimpse({ directory, config: { ...config, glimpse: { allow_remote_without_auth: true } } })
  assert.equal(await statusOf(`${allowed.url}/v2/images`), 200)
  await allowed.stop()
})

test('serves the metrics of all workers on a port of its own', async (t) => {
  const port = await freePort()
  const service = await start(t, {
    DEFAULT: { workers: 2 },
    glimpse: { metrics_port: port },
  })
  for (let i = 0; i < 10; i++) assert.equal(await statusOf(`${service.url}/v2/images`), 200)
  const metrics = await until('metrics', async () => {
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
    return text.includes('route="/v2/images"') && text
  })
  const counted = /glimpse_http_requests_total\{[^}]*route="\/v2\/images"[^}]*\} (\d+)/.exec(metrics)
  assert.equal(Number(counted?.[1]), 10)
  assert.equal(await statusOf(`${service.url}/metrics`), 300)
})
