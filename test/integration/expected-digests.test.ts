import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { imageDecompression } from '../../src/domain/import/decompress.ts'
import { programUnpacker } from '../../src/drivers/programs/unpack.ts'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const member = 'project:member,reader'
const data = Buffer.alloc(3_000_000, 'what was expected')
const packed = gzipSync(data)
const hex = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest('hex')
const field = (bytes: Buffer) => `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`

let api: ApiServer
let plain: ApiServer
let web: WebServer
before(async () => {
  web = await startWebServer({ '/image': data, '/packed': packed })
  const parts = { webHosts: ['127.0.0.1'], runsJobs: true }
  api = await startApi({}, { ...parts, importPlugins: () => [imageDecompression(programUnpacker)] })
  plain = await startApi({}, { ...parts, importPlugins: () => [] })
})
after(async () => {
  for (const each of [api, plain, web]) await each[Symbol.asyncDispose]()
})

type View = Record<string, unknown> & { id: string; status: string }
const create = async (on: ApiServer) => {
  const json = { disk_format: 'raw', container_format: 'bare' }
  return ((await (await on.call(member, 'POST', '/v2/images', { json })).json()) as View).id
}
const show = async (on: ApiServer, id: string) =>
  (await (await on.call(member, 'GET', `/v2/images/${id}`)).json()) as View

test('an upload that is not what its header says is refused, and leaves nothing', async () => {
  const id = await create(plain)
  const upload = (headers: Record<string, string>, path = 'file') =>
    plain.call(member, 'PUT', `/v2/images/${id}/${path}`, {
      body: data,
      headers: { 'content-type': 'application/octet-stream', ...headers },
    })
  const wrong = await upload({ 'content-digest': field(packed) })
  assert.equal(wrong.status, 400)
  assert.match(await wrong.text(), new RegExp(`its sha256 is ${hex('sha256', data)}, not ${hex('sha256', packed)}`))
  assert.equal((await upload({ 'repr-digest': `${field(data)}, md5=:AAAAAAAAAAAAAAAAAAAAAA==:` })).status, 400)
  assert.equal((await upload({ 'content-digest': 'sha-256=nonsense' })).status, 400)
  const { status, size, checksum } = await show(plain, id)
  assert.deepEqual([status, size, checksum], ['queued', null, null])
  assert.deepEqual(await readdir(plain.folder), [])
  assert.equal((await upload({ 'content-digest': field(data) })).status, 204)
  const image = await show(plain, id)
  assert.deepEqual([image.status, image.os_hash_value], ['active', hex('sha512', data)])
})

for (const [name, service] of [
  ['without plugins', () => plain],
  ['with plugins', () => api],
] as const) {
  test(`an import ${name} fails if the data at its source is not what the order says`, async () => {
    const on = service()
    const order = async (path: string, digest: unknown): Promise<{ status: number; image: View; message: string }> => {
      const id = await create(on)
      const json = { method: { name: 'web-download', uri: web.url + path, digest } }
      const { status } = await on.call(member, 'POST', `/v2/images/${id}/import`, { json })
      const tasks = async () => {
        const response = await on.call(member, 'GET', `/v2/images/${id}/tasks`)
        return ((await response.json()) as { tasks: { status: string; message: string }[] }).tasks
      }
      await until(async () => (await tasks()).every((task) => ['success', 'failure'].includes(task.status)))
      return { status, image: await show(on, id), message: (await tasks())[0]?.message ?? '' }
    }
    const kept = await readdir(on.folder)
    const wrong = await order('/image', { sha256: hex('sha256', data), sha512: '0'.repeat(128) })
    assert.deepEqual([wrong.status, wrong.image.status, wrong.image.os_glance_failed_import], [202, 'queued', 'one'])
    assert.match(wrong.message, /its sha512 is [0-9a-f]{128}, not 0{128}/)
    assert.deepEqual(await readdir(on.folder), kept)
    for (const refused of [{ sha256: 'abc' }, { unheard: 'ab' }, 'sha256', { sha256: 1 }]) {
      assert.equal((await order('/image', refused)).status, 400)
    }
    const digest = { sha256: hex('sha256', data).toUpperCase(), md5: hex('md5', data), sha1: hex('sha1', data) }
    assert.equal((await order('/image', digest)).image.status, 'active')
    const right = await order('/packed', { sha256: hex('sha256', packed) })
    const stored = on === api ? data : packed
    assert.deepEqual([right.image.status, right.image.os_hash_value], ['active', hex('sha512', stored)])
    const unpacked = await order('/packed', { sha256: hex('sha256', data) })
    assert.deepEqual([unpacked.image.status, /its sha256 is/.test(unpacked.message)], ['queued', true])
  })
}
