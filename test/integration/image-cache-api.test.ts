import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { until } from '../support/until.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const [admin, member, colleague, stranger] = ['boss:admin', 'p:member', 'p:reader', 'q:member'] as const
type CacheList = { cached_images: { image_id: string; hits: number }[]; queued_images: string[] }

describe('the API of a service with an image cache', () => {
  const data = randomBytes(100_000)
  let api: ApiServer

  before(async () => {
    api = await startApi({}, { caches: true })
  })
  after(() => api?.[Symbol.asyncDispose]())

  const status = async (token: string, method: string, path: string, headers: Record<string, string> = {}) => {
    const response = await api.call(token, method, path, { headers })
    await response.arrayBuffer()
    return response.status
  }
  const create = async (content?: Buffer): Promise<string> => {
    const json = { disk_format: 'raw', container_format: 'bare', visibility: 'private' }
    const { id } = (await (await api.call(member, 'POST', '/v2/images', { json })).json()) as { id: string }
    if (content === undefined) return id
    const headers = { 'content-type': 'application/octet-stream' }
    const uploaded = await api.call(member, 'PUT', `/v2/images/${id}/file`, { headers, body: content })
    assert.equal(uploaded.status, 204)
    return id
  }
  const download = (token: string, id: string, headers: Record<string, string> = {}) =>
    api.call(token, 'GET', `/v2/images/${id}/file`, { headers })
  const list = async () => (await (await api.call(admin, 'GET', '/v2/cache')).json()) as CacheList
  const isCached = async (id: string) => (await list()).cached_images.some(({ image_id }) => image_id === id)
  const hitsOf = async (id: string) => (await list()).cached_images.find(({ image_id }) => image_id === id)?.hits

  it('gives what is cached, and parts of it, to those alone who may have it', async () => {
    const id = await create(data)
    assert.ok(Buffer.from(await (await download(member, id)).arrayBuffer()).equals(data))
    await until(() => isCached(id))
    const part = await download(colleague, id, { range: 'bytes=1000-1999' })
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, `bytes 1000-1999/${data.length}`])
    assert.ok(Buffer.from(await part.arrayBuffer()).equals(data.subarray(1000, 2000)))
    assert.equal(await hitsOf(id), 1)
    assert.equal((await download(stranger, id)).status, 404)
    assert.equal(await status(admin, 'POST', `/v2/images/${id}/actions/deactivate`), 204)
    assert.equal((await download(member, id)).status, 403)
    assert.equal(await status(admin, 'POST', `/v2/images/${id}/actions/reactivate`), 204)
    assert.ok(Buffer.from(await (await download(member, id)).arrayBuffer()).equals(data))
    assert.equal(await hitsOf(id), 2)
    assert.equal(await status(member, 'DELETE', `/v2/images/${id}`), 204)
    assert.equal((await download(member, id)).status, 404)
    assert.ok(!(await isCached(id)))
  })

  it('lets administrators alone see and change the cache', async () => {
    const id = await create(data)
    for (const [method, path] of [
      ['GET', '/v2/cache'],
      ['DELETE', '/v2/cache'],
      ['PUT', `/v2/cache/${id}`],
      ['DELETE', `/v2/cache/${id}`],
      ['GET', `/v2/cache/nodes/${id}`],
      ['POST', '/v2/cache/clean'],
      ['POST', '/v2/cache/prune'],
      ['GET', '/v2/cached_images'],
      ['DELETE', '/v2/cached_images'],
      ['DELETE', `/v2/cached_images/${id}`],
      ['GET', '/v2/queued_images'],
      ['PUT', `/v2/queued_images/${id}`],
    ] as const) {
      assert.equal(await status(member, method, path), 403, `${method} ${path}`)
    }
    assert.deepEqual(await list(), { cached_images: [], queued_images: [] })
  })

  it('fetches what is queued, and clears cache and queue', async () => {
    const id = await create(data)
    assert.equal(await status(admin, 'PUT', '/v2/cache/no-such-image'), 404)
    assert.equal(await status(admin, 'PUT', `/v2/cache/${await create()}`), 400)
    assert.equal(await status(admin, 'PUT', `/v2/cache/${id}`), 202)
    await until(() => isCached(id))
    assert.deepEqual((await list()).queued_images, [])
    assert.equal(await status(admin, 'GET', `/v2/cache/nodes/${id}`), 409)
    assert.equal(await status(admin, 'POST', '/v2/cache/clean'), 200)
    const pruned = await (await api.call(admin, 'POST', '/v2/cache/prune')).json()
    assert.deepEqual(pruned, { total_files_pruned: 0, total_bytes_pruned: 0 })
    assert.equal(await status(admin, 'DELETE', '/v2/cache', { 'x-image-cache-clear-target': 'all' }), 400)
    assert.equal(await status(admin, 'DELETE', '/v2/cache', { 'x-image-cache-clear-target': 'queue' }), 204)
    assert.ok(await isCached(id))
    assert.equal(await status(admin, 'DELETE', `/v2/cache/${id}`), 204)
    assert.ok(!(await isCached(id)))
    assert.equal(await status(admin, 'DELETE', '/v2/cache/11111111-2222-4333-8444-555555555555'), 404)
    await status(admin, 'PUT', `/v2/cache/${id}`)
    await until(() => isCached(id))
    assert.equal(await status(admin, 'DELETE', '/v2/cache'), 204)
    assert.deepEqual(await list(), { cached_images: [], queued_images: [] })
  })

  it('has the management API of old', async () => {
    const id = await create(data)
    const json = async (method: string, path: string) => (await api.call(admin, method, path)).json()
    assert.equal(await json('PUT', `/v2/queued_images/${id}`), null)
    assert.deepEqual(await json('GET', '/v2/queued_images'), { queued_images: [id] })
    assert.equal(await json('DELETE', `/v2/queued_images/${id}`), null)
    assert.deepEqual(await json('DELETE', '/v2/queued_images'), { num_deleted: 0 })
    await (await download(member, id)).arrayBuffer()
    await until(() => isCached(id))
    const { cached_images } = (await json('GET', '/v2/cached_images')) as CacheList
    assert.deepEqual(
      cached_images.map(({ image_id }) => image_id),
      [id],
    )
    assert.equal(await json('DELETE', `/v2/cached_images/${id}`), null)
    assert.deepEqual(await json('DELETE', '/v2/cached_images'), { num_deleted: 0 })
    assert.equal(await status(admin, 'POST', '/v2/cached_images'), 404)
  })

  it('says where there is no cache that there is none', async () => {
    await using bare = await startApi()
    assert.equal((await bare.call(admin, 'GET', '/v2/cache')).status, 404)
    assert.equal((await bare.call(member, 'GET', '/v2/cache')).status, 403)
    assert.equal((await bare.call(admin, 'GET', '/v2/cached_images')).status, 404)
  })
})
