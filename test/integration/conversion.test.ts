import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import type { ImportData } from '../../src/domain/import/plugin.ts'
import { hasCode } from '../../src/errors/error.ts'
import { run } from '../peers/processes.ts'
import { type ConversionSettings, conversionPlugin } from '../support/conversion.ts'
import * as make from '../support/disk-images.ts'
import { judge } from '../support/inspect.ts'
import { until } from '../support/until.ts'
import { startWebServer } from '../support/web-server.ts'
import { startApi } from './support/api-server.ts'

const mib = 2 ** 20
/** Names of formats and, where they are not ours, qemu-img's own, with options. */
const sources = [
  ['qcow2', 'qcow2', ''],
  ['qcow2', 'qcow2', 'compat=0.10'],
  ['qcow2', 'qcow2', 'extended_l2=on,compression_type=zstd'],
  ['vmdk', 'vmdk', ''],
  ['vmdk', 'vmdk', 'subformat=streamOptimized'],
  ['vdi', 'vdi', ''],
  ['vdi', 'vdi', 'static=on'],
  ['vhd', 'vpc', 'force_size=on'],
  ['vhd', 'vpc', 'subformat=fixed,force_size=on'],
  ['vhdx', 'vhdx', ''],
  ['vhdx', 'vhdx', 'subformat=fixed'],
  ['raw', 'raw', ''],
] as const

let folder: string
let scratch: string
let disk: Buffer
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'glimpse-conversion-'))
  scratch = await mkdtemp(join(folder, 'scratch-'))
  disk = Buffer.concat([randomBytes(300_000), Buffer.alloc(3 * mib - 300_000)])
  await writeFile(join(folder, 'disk'), disk)
})
after(() => rm(folder, { recursive: true, force: true }))

const told: string[] = []
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const dataOf = (bytes: Buffer, diskFormat: string): ImportData => ({
  body: Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)]),
  sizeBytes: bytes.length,
  diskFormat,
  containerFormat: 'bare',
})
const apply = (
  data: ImportData,
  { signal, ...settings }: Partial<ConversionSettings> & { signal?: AbortSignal } = {},
) =>
  conversionPlugin({ folder: scratch, log: silent, ...settings }).apply(data, {
    imageId: 'id',
    signal: signal ?? new AbortController().signal,
    tell: (message) => void told.push(message()),
  })
async function made(format: string, options: string): Promise<Buffer> {
  const path = join(folder, 'made')
  const flags = options === '' ? [] : ['-o', options]
  await run(['/usr/bin/qemu-img', 'convert', '-f', 'raw', '-O', format, ...flags, join(folder, 'disk'), path])
  return readFile(path)
}

describe('the conversion of disks', () => {
  for (const [name, qemuName, options] of sources) {
    it(`keeps every byte of ${name} (${options || 'plain'}) in each format that there can be`, async () => {
      const bytes = await made(qemuName, options)
      const targets = options === '' && name !== 'vdi' ? (['raw', 'qcow2', 'vmdk'] as const) : (['raw'] as const)
      for (const to of targets) {
        const { body, ...result } = await apply(dataOf(bytes, name), { to })
        const converted = await buffer(body)
        assert.deepEqual(result, {
          ...{ sizeBytes: converted.length, diskFormat: to, containerFormat: 'bare', isExact: true },
        })
        assert.equal(judge(converted, to, { origin: 'conversion' }), disk.length)
        if (to === 'raw') {
          assert.ok(converted.equals(disk))
          continue
        }
        const path = join(folder, 'converted')
        await writeFile(path, converted)
        const compared = ['compare', '-f', 'raw', '-F', to, join(folder, 'disk'), path]
        assert.match(await run(['/usr/bin/qemu-img', ...compared]), /Images are identical/)
      }
      assert.deepEqual(await readdir(scratch), [])
    })
  }

  it('tells how far it is', () => {
    assert.ok(told.some((message) => /^Fetched \d+ MiB/.test(message)))
    assert.ok(told.some((message) => /^Converted \d+ %$/.test(message)))
  })

  it('leaves discs and what lies in containers as they are', async () => {
    const iso = dataOf(make.iso(), 'iso')
    assert.deepEqual((await apply(iso)).body, iso.body)
    const inContainer = { ...dataOf(make.ova(), 'vmdk'), containerFormat: 'ova' }
    assert.deepEqual(await apply(inContainer), inContainer)
  })

  it('refuses what is not exactly what it says, and formats that qemu-img cannot read', async () => {
    for (const [bytes, format, reason] of [
      [make.qcow2(), 'raw', /disk_format is raw, and the data is qcow2/],
      [make.iso(), 'raw', /disk_format is raw, and the data is iso/],
      [make.vhdx(), 'vhd', /disk_format is vhd, and the data is vhdx/],
      [make.gpt(), 'ami', /disk_format ami cannot be converted/],
      [Buffer.alloc(mib), 'ploop', /disk_format ploop cannot be converted/],
      [make.qcow2().fill(0xff, 64 * 1024), 'qcow2', /qemu-img cannot convert the data from qcow2 to vmdk/],
    ] as const) {
      await assert.rejects(apply(dataOf(bytes, format), { to: 'vmdk' }), { message: reason })
    }
    assert.deepEqual(await readdir(scratch), [])
  })

  it('keeps the limits of size, time and memory', async () => {
    const bytes = await made('qcow2', '')
    const tooLarge = (error: unknown) => hasCode(error, 'image_size_limit')
    await assert.rejects(apply(dataOf(bytes, 'qcow2'), { capBytes: 2 * mib }), tooLarge)
    await assert.rejects(apply(dataOf(bytes, 'qcow2'), { capBytes: bytes.length - 1 }), tooLarge)
    const small = await made('qcow2', 'cluster_size=512')
    await assert.rejects(apply(dataOf(small, 'qcow2'), { to: 'vmdk', capBytes: small.length }), {
      message: /the disk would have more than \d+ bytes as vmdk/,
    })
    await assert.rejects(apply(dataOf(bytes, 'qcow2'), { timeoutMs: 1 }), { message: /longer than 0.001 seconds/ })
    await assert.rejects(apply(dataOf(bytes, 'qcow2'), { memoryBytes: 24 * mib }), { message: /more memory/ })
    assert.deepEqual(await readdir(scratch), [])
  })

  it('stops when its job is to stop', async () => {
    const stopping = new AbortController()
    const body = new Readable({ read() {} })
    body.push(await made('qcow2', ''))
    const applied = apply({ ...dataOf(disk, 'qcow2'), body }, { signal: stopping.signal })
    stopping.abort(new Error('stop'))
    await assert.rejects(applied, /stop/)
    assert.ok(body.destroyed)
    assert.deepEqual(await readdir(scratch), [])
  })
})

describe('imports with image_conversion', () => {
  const member = 'project:member,reader'

  it('store the converted disk, say what it is, and end with their image', async () => {
    const bytes = await made('qcow2', '')
    const web = await startWebServer({
      '/disk': bytes,
      '/backed': make.changed(bytes, (data) => data.writeBigUInt64BE(1024n, 8)),
      '/slow': (_request, response) => void response.writeHead(200).write(bytes.subarray(0, 1000)),
    })
    const importPlugins = ({ stagingFolder, log }: { stagingFolder: string; log: ConversionSettings['log'] }) => [
      conversionPlugin({ folder: stagingFolder, log }),
    ]
    const api = await startApi({}, { webHosts: ['127.0.0.1'], runsJobs: true, importPlugins })
    const call = async (method: string, path: string, json?: object) => {
      const response = await api.call(member, method, `/v2/images${path}`, json ? { json } : {})
      const text = await response.text()
      return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    }
    const start = async (path: string): Promise<string> => {
      const { id } = await call('POST', '', { disk_format: 'qcow2', container_format: 'bare' })
      await call('POST', `/${id}/import`, { method: { name: 'web-download', uri: web.url + path } })
      return id as string
    }
    const taskOf = async (id: string) =>
      ((await call('GET', `/${id}/tasks`)).tasks as { status: string; message: string }[])[0]
    try {
      const id = await start('/disk')
      await until(async () => (await taskOf(id))?.status === 'success')
      const { status, disk_format, container_format, size, virtual_size } = await call('GET', `/${id}`)
      assert.deepEqual(
        [status, disk_format, container_format, size, virtual_size],
        ['active', 'raw', 'bare', disk.length, disk.length],
      )
      const response = await api.call(member, 'GET', `/v2/images/${id}/file`)
      assert.deepEqual(Buffer.from(await response.arrayBuffer()), disk)

      const refused = await start('/backed')
      await until(async () => (await taskOf(refused))?.status === 'failure')
      assert.match((await taskOf(refused))?.message ?? '', /backing file/)
      const again = await call('GET', `/${refused}`)
      assert.deepEqual([again.status, again.disk_format, again.os_glance_failed_import], ['queued', 'qcow2', 'one'])

      const deleted = await start('/slow')
      await until(() => web.requests.includes('GET /slow'))
      await call('DELETE', `/${deleted}`)
      await until(async () => (await api.repositories.jobs.openOf(deleted)).length === 0)
      assert.deepEqual(await readdir(api.stagingFolder), [])
    } finally {
      await api[Symbol.asyncDispose]()
      await web[Symbol.asyncDispose]()
    }
  })
})
