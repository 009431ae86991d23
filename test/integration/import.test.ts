import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { lockProperty } from '../../src/domain/import/bookkeeping.ts'
import { GlimpseError } from '../../src/errors/error.ts'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { type ApiServer, startApi } from './support/api-server.ts'
import { admin, importClient, member, type View } from './support/import-client.ts'

const data = randomBytes(700_000)
let api: ApiServer
let web: WebServer
const failing = { count: 0 }
before(async () => {
  api = await startApi({}, { webHosts: ['127.0.0.1'], twoStores: true, runsJobs: true })
  web = await startWebServer({
    '/image': data,
    '/packed': gzipSync(data),
    '/moved': (_request, response) => void response.writeHead(302, { location: '/image' }).end(),
    '/loop': (_request, response) => void response.writeHead(302, { location: '/loop' }).end(),
    '/away': (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.2/' }).end(),
    '/cut': (_request, response) => {
      response.writeHead(200, { 'content-length': 1000 })
      response.write('short')
      setTimeout(() => response.destroy(), 20)
    },
    '/shaky': (_request, response) => {
      failing.count += 1
      if (failing.count < 2) return void response.writeHead(503).end()
      response.writeHead(200).end(data)
    },
    '/slow': (_request, response) => {
      response.writeHead(200)
      response.write('beginning')
    },
  })
})
after(async () => {
  await api[Symbol.asyncDispose]()
  await web[Symbol.asyncDispose]()
})

const everything = {
  viewer: { projectId: null, isAdmin: true },
  sort: [{ key: 'id', direction: 'asc' }],
  limit: 100,
} as const
const { create, order, show, tasksOf, webOrder, settled, downloaded, ...client } = importClient(() => ({ api, web }))
const stage = (id: string, body: Buffer | ReadableStream = data, token = member) => client.stage(id, body, token)

test('imports staged data, and leaves none of it in the staging area', async () => {
  const id = await create()
  assert.equal((await stage(id)).status, 204)
  const staged = await show(id)
  assert.deepEqual([staged.status, staged.size, staged.checksum], ['uploading', data.length, null])
  const response = await order(id, { method: { name: 'glance-direct' } })
  assert.deepEqual([response.status, await response.text()], [202, ''])
  const image = await settled(id)
  assert.deepEqual(
    [image.status, image.size, image.stores, image.os_glance_importing_to_stores, image.os_glance_failed_import],
    ['active', data.length, 'one', '', ''],
  )
  assert.deepEqual(await downloaded(id), data)
  // By who is no administrator.
  assert.deepEqual([image.injected, image.os_glance_x], ['yes', undefined])
  const [task] = await tasksOf(id)
  assert.deepEqual([task?.type, task?.status, task?.result], ['api_image_import', 'success', { image_id: id }])
  assert.deepEqual(task?.input, {
    image_id: id,
    import_req: { method: { name: 'glance-direct' } },
    backend: ['one'],
  })
  assert.deepEqual(await readdir(api.stagingFolder), [])
})

test('fetches an image from the web into several stores, reading it once', async () => {
  const id = await create()
  const before = web.requests.length
  assert.equal((await order(id, webOrder('/moved', { stores: ['one', 'two'] }))).status, 202)
  const image = await settled(id)
  assert.deepEqual([image.status, image.stores], ['active', 'one,two'])
  assert.deepEqual(web.requests.slice(before), ['GET /moved', 'GET /image'])
  assert.deepEqual(await downloaded(id), data)
})

test('stores compressed data as what it was before', async () => {
  const id = await create()
  await order(id, webOrder('/packed'))
  const image = await settled(id)
  assert.deepEqual([image.status, image.size], ['active', data.length])
  assert.deepEqual(await downloaded(id), data)
})

test('copies an image to the stores that have it not', async () => {
  const id = await create()
  await order(id, webOrder('/image'))
  const before = await settled(id)
  assert.equal((await order(id, { method: { name: 'copy-image' }, stores: ['two'] })).status, 403)
  assert.equal((await order(id, { method: { name: 'copy-image' }, stores: ['one', 'two'] }, admin)).status, 400)
  assert.equal((await order(id, { method: { name: 'copy-image' }, all_stores: true }, admin)).status, 202)
  await until(async () => (await show(id)).stores === 'one,two')
  const image = await settled(id)
  assert.deepEqual([image.status, image.os_hash_value], ['active', before.os_hash_value])
  // Nothing is left to do.
  assert.equal((await order(id, { method: { name: 'copy-image' }, all_stores: true }, admin)).status, 202)
  assert.equal((await tasksOf(id)).length, 2)
})

for (const [path, reason] of [
  ['/missing', /404/],
  ['/loop', /redirects/],
  ['/away', /127\.0\.0\.2/],
  ['/cut', /./],
] as const) {
  test(`gives an image back when ${path} cannot be fetched, and says why`, async () => {
    const id = await create()
    assert.equal((await order(id, webOrder(path, { stores: ['one', 'two'] }))).status, 202)
    const image = await settled(id)
    assert.deepEqual(
      [image.status, image.size, image.os_glance_importing_to_stores, image.os_glance_failed_import],
      ['queued', null, '', 'one,two'],
    )
    const [task] = await tasksOf(id)
    assert.equal(task?.status, 'failure')
    assert.match(String(task?.message), reason)
    // It can be tried again.
    assert.equal((await order(id, webOrder('/image'))).status, 202)
    const again = await settled(id)
    assert.deepEqual([again.status, again.os_glance_failed_import], ['active', 'two'])
  })
}

test('tries again when the server fails for a moment', async () => {
  const id = await create()
  await order(id, webOrder('/shaky'))
  assert.equal((await settled(id)).status, 'active')
  assert.equal(failing.count, 2)
})

test('takes the place of data that a killed process has left in the store', async () => {
  const id = await create()
  const leftover = join(api.folder, id)
  await writeFile(leftover, 'half')
  await order(id, webOrder('/image', { stores: ['one'] }))
  assert.equal((await settled(id)).status, 'active')
  assert.deepEqual(await readFile(leftover), data)
})

test('carries out an order whose lock the database has set without an answer', async () => {
  const id = await create()
  const { images, jobs } = api.repositories
  const { update } = images
  images.update = async (...change) => {
    images.update = update
    await images.update(...change)
    throw new GlimpseError('database_unavailable', { reason: 'the connection broke' })
  }
  assert.equal((await order(id, webOrder('/image'))).status, 503)
  const lock = String((await show(id))[lockProperty])
  assert.ok(await jobs.hasten(lock))
  assert.equal((await settled(id)).status, 'active')
})

test('goes on without a store that fails, if not all stores must succeed', async () => {
  const id = await create()
  await order(id, webOrder('/image', { stores: ['one', 'web'], all_stores_must_succeed: false }))
  const image = await settled(id)
  assert.deepEqual([image.status, image.stores, image.os_glance_failed_import], ['active', 'one', 'web'])
})

test('fails with a store that fails, and names it, if all stores must succeed', async () => {
  const id = await create()
  await order(id, webOrder('/image', { stores: ['one', 'web'] }))
  const image = await settled(id)
  assert.deepEqual([image.status, image.stores, image.os_glance_failed_import], ['queued', undefined, 'web'])
  assert.ok(!(await readdir(api.folder)).some((name) => name.includes(id)))
})

test('lets one import at a time work on an image, and ends it when the image is deleted', async () => {
  const id = await create()
  assert.equal((await order(id, webOrder('/slow'))).status, 202)
  assert.equal((await show(id)).status, 'importing')
  assert.equal((await order(id, webOrder('/image'))).status, 409)
  const [task] = await tasksOf(id)
  assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}`)).status, 204)
  await until(async () => {
    const { status } = (await (await api.call(admin, 'GET', `/v2/tasks/${task?.id}`)).json()) as { status: string }
    return status === 'failure'
  })
  assert.ok(!(await readdir(api.folder)).some((name) => name.includes(id)))
})

test('removes staged data with its image', async () => {
  const id = await create()
  await stage(id)
  assert.deepEqual(await readdir(api.stagingFolder), [id])
  assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}`)).status, 204)
  assert.deepEqual(await readdir(api.stagingFolder), [])
})

test('puts an image back when its data breaks off while it is staged', async () => {
  const id = await create()
  const broken = new ReadableStream({
    start(controller) {
      controller.enqueue(data.subarray(0, 1000))
    },
    async pull(controller) {
      await until(async () => (await show(id)).status === 'uploading')
      controller.error(new Error('gone'))
    },
  })
  await assert.rejects(stage(id, broken))
  await until(async () => (await show(id)).status === 'queued')
  assert.deepEqual(await readdir(api.stagingFolder), [])
})

test('refuses to stage where it cannot', async () => {
  const id = await create()
  assert.equal((await stage(id, data, 'other:member,reader')).status, 404)
  const typed = { body: 'x', headers: { 'content-type': 'text/plain' } }
  assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/stage`, typed)).status, 415)
  assert.equal((await stage(id)).status, 204)
  assert.equal((await stage(id)).status, 409)
})

test('refuses orders that make no sense', async () => {
  const id = await create()
  const direct = { name: 'glance-direct' }
  for (const [body, status] of [
    [{}, 400],
    [{ method: {} }, 400],
    [{ method: { name: 'magic' } }, 400],
    [{ method: { name: 'glance-download' } }, 400],
    [{ method: direct, all_stores: 'yes' }, 400],
    [{ method: direct, all_stores_must_succeed: 1 }, 400],
    [{ method: direct, stores: 'one' }, 400],
    [{ method: direct }, 409],
    [{ method: { name: 'copy-image' } }, 409],
    [{ method: { name: 'web-download' } }, 400],
    [{ method: { name: 'web-download', uri: 'ftp://127.0.0.1/x' } }, 400],
    [{ method: { name: 'web-download', uri: 'http://127.0.0.2/x' } }, 400],
    [{ method: { name: 'web-download', uri: 'http://user:secret@127.0.0.1/x' } }, 400],
    [{ method: { name: 'web-download', uri: 'http://0x7f000001/x' } }, 400],
    [webOrder('/image', { stores: ['three'] }), 409],
    [webOrder('/image', { all_stores: true, stores: ['one'] }), 400],
  ] as const) {
    const response = await order(id, body)
    assert.equal(response.status, status, JSON.stringify(body))
  }
  assert.equal((await order(id, webOrder('/image'), 'other:member,reader')).status, 404)
  assert.equal((await show(id)).status, 'queued')
  const bare = (await (await api.call(member, 'POST', '/v2/images', { json: {} })).json()) as View
  assert.equal((await order(bare.id, webOrder('/image'))).status, 409)
})

test('takes over the lock of an import of the reference that nobody has touched for an hour', async () => {
  const id = await create()
  const lock = { [lockProperty]: 'gone' }
  await api.repositories.images.update(id, { setProperties: lock })
  assert.equal((await order(id, webOrder('/image'))).status, 202)
  assert.equal((await settled(id)).status, 'active')
})

test('makes an image for a task of type import', async () => {
  const task = async (input: object) => {
    const response = await api.call(admin, 'POST', '/v2/tasks', { json: { type: 'import', input } })
    return { status: response.status, task: (await response.json()) as View }
  }
  const shown = async (id: string) => (await (await api.call(admin, 'GET', `/v2/tasks/${id}`)).json()) as View
  const image_properties = { name: 'from task', disk_format: 'raw', container_format: 'bare', os_distro: 'none' }
  const input = { import_from: `${web.url}/image`, import_from_format: 'raw', image_properties }
  const { status, task: ordered } = await task(input)
  assert.deepEqual([status, ordered.status, ordered.type, ordered.input], [201, 'pending', 'import', input])
  await until(async () => (await shown(ordered.id)).status === 'success')
  const { image_id: imageId } = (await shown(ordered.id)).result as { image_id: string }
  const image = await show(imageId)
  assert.deepEqual(
    [image.status, image.name, image.os_distro, image.injected],
    ['active', 'from task', 'none', undefined],
  )
  assert.deepEqual(await downloaded(imageId), data)

  const failed = await task({ ...input, import_from: `${web.url}/missing` })
  await until(async () => (await shown(failed.task.id)).status === 'failure')
  assert.match(String((await shown(failed.task.id)).message), /404/)
  assert.equal((await api.repositories.images.list({ ...everything, name: ['from task'] })).length, 1)
  assert.equal((await task({ ...input, import_from: 'http://127.0.0.2/' })).status, 400)
  for (const wrong of [
    { image_properties: { id: 'x' } },
    { image_properties: {} },
    { import_from_format: undefined },
  ]) {
    const { status, task: ended } = await task({ ...input, ...wrong })
    assert.deepEqual([status, ended.status], [201, 'failure'])
  }
})

test('leaves no image of a task whose import a quota refuses', async () => {
  const refusal = () => new GlimpseError('request_too_large', { reason: 'no more uploads' })
  const quotaLimits = {
    of: async () => ({ image_count_uploading: 0 }),
    ...{ unknownSizeMayExceed: false, refusal, close: async () => {} },
  }
  await using full = await startApi({}, { quotaLimits, webHosts: ['127.0.0.1'] })
  const image_properties = { name: 'refused', disk_format: 'raw', container_format: 'bare' }
  const input = { import_from: `${web.url}/image`, import_from_format: 'raw', image_properties }
  const response = await full.call(admin, 'POST', '/v2/tasks', { json: { type: 'import', input } })
  const { id } = (await response.json()) as View
  const task = (await (await full.call(admin, 'GET', `/v2/tasks/${id}`)).json()) as View
  assert.deepEqual([task.status, task.message], ['failure', 'no more uploads'])
  assert.deepEqual(await full.repositories.images.list(everything), [])
})

test('fails where an image would get more properties than it may have', async () => {
  await using narrow = await startApi({ image_property_quota: 1 }, { webHosts: ['127.0.0.1'], runsJobs: true })
  const json = { disk_format: 'raw', container_format: 'bare', one: 'property' }
  const { id } = (await (await narrow.call(member, 'POST', '/v2/images', { json })).json()) as View
  await narrow.call(member, 'POST', `/v2/images/${id}/import`, { json: webOrder('/image') })
  await until(async () => {
    const { tasks } = (await (await narrow.call(admin, 'GET', `/v2/images/${id}/tasks`)).json()) as { tasks: View[] }
    return tasks[0]?.status === 'failure' && /limit of properties/.test(String(tasks[0].message))
  })
  assert.equal((await narrow.repositories.images.get(id))?.status, 'queued')
})
