import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../peers/processes.ts'
import { fileStoreSections, mergeSections } from '../support/config-file.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { until } from '../support/until.ts'
import { startWebServer } from '../support/web-server.ts'

const mib = 2 ** 20

/** The process that converts for `service` now, and the worker that has started it. */
async function converting(service: Service): Promise<{ pid: number; worker: number } | undefined> {
  for (const pid of await service.workerPids()) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    if (!status.startsWith('Name:\tqemu-img\n')) continue
    return { pid, worker: Number(/^PPid:\t(\d+)/m.exec(status)?.[1]) }
  }
  return undefined
}

test('a conversion whose process is killed leaves nothing, and the next process converts again', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-conversion-crash-'))
  const disk = Buffer.concat([randomBytes(32 * mib), Buffer.alloc(32 * mib)])
  await writeFile(join(directory, 'disk'), disk)
  const source = join(directory, 'disk.qcow2')
  await run(['/usr/bin/qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', join(directory, 'disk'), source])
  const web = await startWebServer({ '/disk': await readFile(source) })
  const service = await startGlimpse({
    directory,
    config: mergeSections(fileStoreSections(join(directory, 'images')), {
      database: { connection: `sqlite:///${join(directory, 'glimpse.sqlite')}` },
      import_filtering_opts: { allowed_hosts: '[127.0.0.1]', allowed_ports: '[]' },
      image_import_opts: { image_import_plugins: '[image_decompression,image_conversion]' },
      image_conversion: { output_format: 'raw' },
      glimpse: { job_lease: 2 },
    }),
  })
  t.after(async () => {
    await service.stop()
    await web[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })
  const call = async (method: string, path: string, body?: object) => {
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const response = await fetch(`${service.url}/v2/images${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
  }
  const { id } = await call('POST', '', { disk_format: 'qcow2', container_format: 'bare' })
  await call('POST', `/${id}/import`, { method: { name: 'web-download', uri: `${web.url}/disk` } })

  let found: Awaited<ReturnType<typeof converting>>
  await until(async () => {
    found = await converting(service)
    return found !== undefined
  })
  const { pid, worker } = found ?? assert.fail()
  // Held on, so that it is still at work when its worker dies.
  process.kill(pid, 'SIGSTOP')
  assert.deepEqual(await readdir(join(directory, 'staging')), [])
  process.kill(worker, 'SIGKILL')
  await until(async () => (await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')) === '')

  const show = () => call('GET', `/${id}`).catch(() => ({}) as Record<string, unknown>)
  await until(async () => (await show()).status === 'active', 60_000)
  const { os_hash_value, size, virtual_size, disk_format } = await show()
  assert.deepEqual(
    [os_hash_value, size, virtual_size, disk_format],
    [createHash('sha512').update(disk).digest('hex'), disk.length, disk.length, 'raw'],
  )
  assert.deepEqual(web.requests, ['GET /disk', 'GET /disk'])
  assert.deepEqual(await readdir(join(directory, 'staging')), [])
  assert.deepEqual(await readdir(join(directory, 'images')), [id])
})
