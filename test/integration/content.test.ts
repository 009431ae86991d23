import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { findProgram } from '../peers/packages.ts'
import { run } from '../peers/processes.ts'
import { changed, diskBytes, qcow2 } from '../support/disk-images.ts'
import { hostFile, hostileImages } from '../support/hostile-images.ts'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const member = 'project:member,reader'
const admin = 'admins:admin'
const octets = { 'content-type': 'application/octet-stream' }
const backed = changed(qcow2(), (data) => data.writeBigUInt64BE(1024n, 8))

describe('the content of images', () => {
  let api: ApiServer
  let web: WebServer
  before(async () => {
    web = await startWebServer({ '/good': qcow2(), '/backed': backed })
    api = await startApi({}, { webHosts: ['127.0.0.1'], runsJobs: true })
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await web[Symbol.asyncDispose]()
  })

  const create = async (disk_format = 'qcow2') => {
    const json = { disk_format, container_format: 'bare' }
    return ((await (await api.call(member, 'POST', '/v2/images', { json })).json()) as { id: string }).id
  }
  const show = async (id: string) =>
    (await (await api.call(admin, 'GET', `/v2/images/${id}`)).json()) as Record<string, unknown>
  const upload = (id: string, body: Buffer) =>
    api.call(member, 'PUT', `/v2/images/${id}/file`, { body, headers: octets })

  it('is refused on upload with 415 and a reason, and nothing of it is kept', async () => {
    const id = await create()
    for (const [data, reason] of [
      [backed, /it has a backing file/],
      [Buffer.from('no disk'), /disk_format is qcow2, and the data is raw/],
    ] as const) {
      const response = await upload(id, data)
      assert.equal(response.status, 415)
      assert.match(await response.text(), reason)
      const { status, size, virtual_size } = await show(id)
      assert.deepEqual([status, size, virtual_size], ['queued', null, null])
      assert.deepEqual(await readdir(api.folder), [])
    }
    assert.equal((await upload(id, qcow2())).status, 204)
    const { status, size, virtual_size } = await show(id)
    assert.deepEqual([status, size, virtual_size], ['active', qcow2().length, diskBytes])
    assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}`)).status, 204)
  })

  const validation = { os_hash_algo: 'sha256', os_hash_value: '0'.repeat(64) }
  for (const [path, vouched, status] of [
    ['/good', null, 'active'],
    ['/backed', null, 'deactivated'],
    ['/backed', validation, 'queued'],
  ] as const) {
    it(`at ${path} makes an image ${status} whose location ${vouched ? 'is vouched for' : 'gets hashed'}`, async () => {
      const id = await create('raw')
      const json = { url: `${web.url}${path}`, ...(vouched ? { validation_data: vouched } : {}) }
      assert.equal((await api.call(member, 'POST', `/v2/images/${id}/locations`, { json })).status, 202)
      const task = async () => {
        const { tasks } = (await (await api.call(admin, 'GET', `/v2/images/${id}/tasks`)).json()) as {
          tasks: { status: string; message: string }[]
        }
        return tasks[0]
      }
      await until(async () => ['success', 'failure'].includes((await task())?.status ?? ''))
      assert.equal((await show(id)).status, status)
      if (path === '/backed') assert.match((await task())?.message ?? '', /backing file/)
    })
  }
})

describe('imports of hostile images', () => {
  it('all fail with their reason, and open no file that an image names, also where disks are converted', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'glimpse-trace-'))
    t.after(() => rm(directory, { recursive: true, force: true }))
    const log = join(directory, 'opened')
    const trace = [
      findProgram('strace'),
      '-f',
      '--seccomp-bpf',
      '-qq',
      '-e',
      'trace=open,openat,openat2,execve',
    ] as const
    const script = join(import.meta.dirname, '../support/import-hostile-images.ts')
    const output = await run([...trace, '-o', log, process.execPath, script])
    assert.equal(output.trim().split('\n').length, 2 * hostileImages().length)
    const opened = await readFile(log, 'utf8')
    // The trace sees what the service opens, and it starts no other program.
    assert.match(opened, /glimpse-staging-/)
    assert.equal(opened.match(/execve\(/g)?.length, 1)
    for (const name of [hostFile, '/dev/sda', 'disk-flat.vmdk', 'a-s001.vmdk', 'secret"']) {
      assert.ok(!opened.includes(name), name)
    }
  })
})
