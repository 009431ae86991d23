import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { lockProperty } from '../../src/domain/import/bookkeeping.ts'
import { importKind } from '../../src/domain/import/import-request.ts'
import { createTemporary, readBootMark } from '../../src/drivers/stores/file/temporary.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { type ApiServer, startApi } from './support/api-server.ts'
import { importClient } from './support/import-client.ts'

const data = randomBytes(700_000)
let api: ApiServer
let web: WebServer
const { create, order, webOrder, settled } = importClient(() => ({ api, web }))
/** Ranges that were asked for, by path. */
const asked: Record<string, (string | undefined)[]> = {}

/** Breaks off in the middle of each answer, until the rest is short. */
function breaking({ etags, breaks = 2 }: { etags: () => string | undefined; breaks?: number }): RequestListener {
  return (request, response) => {
    const { url = '', headers } = request
    const seen = asked[url] ?? []
    asked[url] = [...seen, headers.range]
    const etag = etags()
    const isPart = headers['if-range'] !== undefined && headers['if-range'] === etag
    const offset = isPart ? Number(/\d+/.exec(headers.range ?? '')?.[0]) : 0
    response.writeHead(isPart ? 206 : 200, {
      'content-length': data.length - offset,
      ...(etag !== undefined && { etag }),
      ...(isPart && { 'content-range': `bytes ${offset}-${data.length - 1}/${data.length}` }),
    })
    if (seen.length >= breaks) return void response.end(data.subarray(offset))
    response.write(data.subarray(offset, offset + 250_000), () => setTimeout(() => response.destroy(), 50))
  }
}

before(async () => {
  api = await startApi({}, { webHosts: ['127.0.0.1'], twoStores: true, runsJobs: true })
  web = await startWebServer({
    '/breaks': breaking({ etags: () => '"same"' }),
    '/ranges': breaking({ etags: () => '"same"', breaks: 0 }),
    '/breaks-unnamed': breaking({ etags: () => undefined }),
    '/breaks-changing': breaking({ etags: () => `"${randomUUID()}"` }),
  })
})
after(async () => {
  await api[Symbol.asyncDispose]()
  await web[Symbol.asyncDispose]()
})

test('goes on by range with what a server breaks off, if it is still the same data', async () => {
  const id = await create()
  await order(id, webOrder('/breaks', { stores: ['one'] }))
  assert.equal((await settled(id)).status, 'active')
  const [first, second, third, ...more] = asked['/breaks'] ?? []
  assert.deepEqual([first, more], [undefined, []])
  const offsets = [second, third].map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]))
  assert.ok(
    offsets.every((offset, i) => offset > (offsets[i - 1] ?? 0)),
    String(offsets),
  )
  assert.deepEqual(await readFile(join(api.folder, id)), data)
})

/** An import that a process has begun before it was killed: with so much of the data in the store. */
async function begunImport(path: string, { validator, begunBytes }: { validator: string; begunBytes: number }) {
  const { jobs, images } = api.repositories
  const [id, jobId, kind] = [await create(), randomUUID(), randomUUID()]
  const requester = { userId: null, projectId: null, requestId: 'r', roles: [] }
  const input = {
    method: 'web-download',
    uri: web.url + path,
    stores: ['one'],
    allStoresMustSucceed: true,
    requester,
    body: {},
  }
  await jobs.enqueue({ id: jobId, kind, project: null, imageId: id, input, delayMs: 0 })
  const claimed = await jobs.claim({ kinds: [kind], runner: 'dead', leaseMs: 60_000 })
  assert.ok(claimed)
  const steps = { fetch: { validator, sizeBytes: data.length } }
  await jobs.recordStep(claimed.lease, { steps, leaseMs: 60_000 })
  await images.update(id, { fields: { status: 'importing' }, setProperties: { [lockProperty]: jobId } })
  const bootMark = await readBootMark()
  const { file } = await createTemporary(api.folder, { key: id, locks: undefined, bootMark })
  await file.write(data.subarray(0, begunBytes))
  await file.close()
  await jobs.release(claimed.lease, { delayMs: 0 })
  await jobs.assign(jobId, { kind: importKind(null).name })
  return id
}

test('goes on where a killed process left off, from its file and by range, if the data is still the same', async () => {
  const usual = api
  api = await startApi({}, { webHosts: ['127.0.0.1'], twoStores: true, runsJobs: true, importPlugins: () => [] })
  try {
    for (const [validator, begunBytes] of [
      ['"same"', 300_000],
      ['"same"', data.length],
      ['"former"', 300_000],
    ] as const) {
      asked['/ranges'] = []
      const id = await begunImport('/ranges', { validator, begunBytes })
      assert.equal((await settled(id)).status, 'active')
      assert.deepEqual(asked['/ranges'], [`bytes=${Math.min(begunBytes, data.length - 1)}-`])
      assert.deepEqual(await readFile(join(api.folder, id)), data)
      assert.deepEqual(
        (await readdir(api.folder)).filter((name) => name.includes(id)),
        [id],
      )
    }
  } finally {
    await api[Symbol.asyncDispose]()
    api = usual
  }
})

for (const path of ['/breaks-unnamed', '/breaks-changing']) {
  test(`starts over where parts are no use: ${path}`, async () => {
    const id = await create()
    await order(id, webOrder(path, { stores: ['one'] }))
    assert.equal((await settled(id)).status, 'active')
    assert.deepEqual(await readFile(join(api.folder, id)), data)
    assert.ok(path === '/breaks-changing' || asked[path]?.every((range) => range === undefined))
  })
}
