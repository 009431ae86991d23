import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const member = 'p1:member'
const service = 'p9:service'
const admin = 'p0:admin'
const data = 'the data'
const hash = (algorithm: string) => createHash(algorithm).update(data).digest('hex')

interface Shown {
  readonly id: string
  readonly status: string
  readonly size: number | null
  readonly checksum: string | null
  readonly os_hash_algo: string | null
  readonly os_hash_value: string | null
}
interface Task {
  readonly type: string
  readonly status: string
  readonly message: string
  readonly input: { readonly loc_url: string }
  readonly result: unknown
}

/** Data whose reading fails so often; asking for its size always works. */
function failing(times: number): RequestListener {
  let left = times
  return (request, response) => {
    const fails = request.method === 'GET' && left > 0
    if (fails) left -= 1
    response.writeHead(fails ? 503 : 200, fails ? {} : { 'content-length': data.length })
    response.end(request.method === 'HEAD' || fails ? undefined : data)
  }
}

describe('locations by POST', () => {
  let web: WebServer
  let api: ApiServer
  let careless: ApiServer
  before(async () => {
    web = await startWebServer({ '/data': data, '/empty': '', '/once': failing(1), '/never': failing(99) })
    const parts = { webHosts: ['127.0.0.1'], runsJobs: true }
    api = await startApi({}, { ...parts, locations: { http_retries: 1 } })
    careless = await startApi({}, { ...parts, locations: { do_secure_hash: false } })
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await careless[Symbol.asyncDispose]()
    await web[Symbol.asyncDispose]()
  })

  const create = async (at = api, fields: object = { disk_format: 'raw', container_format: 'bare' }) =>
    ((await (await at.call(member, 'POST', '/v2/images', { json: fields })).json()) as Shown).id
  const add = async (id: string, json: unknown, { at = api, token = member } = {}) =>
    (await at.call(token, 'POST', `/v2/images/${id}/locations`, { json })).status
  const show = async (id: string, at = api) =>
    (await (await at.call(member, 'GET', `/v2/images/${id}`)).json()) as Shown
  const taskOf = async (id: string, at = api) => {
    const { tasks } = (await (await at.call(admin, 'GET', `/v2/images/${id}/tasks`)).json()) as { tasks: Task[] }
    return tasks[0] as Task
  }
  const ended = async (id: string, at = api) => {
    await until(async () => ['success', 'failure'].includes((await taskOf(id, at)).status))
    return taskOf(id, at)
  }
  const locationsOf = async (id: string, token = service) => api.call(token, 'GET', `/v2/images/${id}/locations`)

  it('come from one caller of several who add them at once', async () => {
    const id = await create()
    const { tasks } = api.repositories
    const { create: createTask } = tasks
    // All have looked for others by then.
    tasks.create = async (task) => {
      await sleep(100)
      return createTask.call(tasks, task)
    }
    const statuses = await Promise.all(Array.from({ length: 6 }, () => add(id, { url: `${web.url}/data` })))
    tasks.create = createTask
    assert.deepEqual(statuses.sort(), [202, 409, 409, 409, 409, 409])
    await ended(id)
    assert.equal((await show(id)).status, 'active')
  })

  it('make a queued image active, and give it the hashes of its data', async () => {
    const id = await create()
    const response = await api.call(member, 'POST', `/v2/images/${id}/locations`, { json: { url: `${web.url}/data` } })
    assert.equal(response.status, 202)
    assert.equal(await response.text(), '')
    const { type, status, result } = await ended(id)
    assert.deepEqual({ type, status, result }, { type: 'location_import', status: 'success', result: { image_id: id } })
    const image = await show(id)
    assert.equal(image.status, 'active')
    assert.equal(image.size, data.length)
    assert.equal(image.checksum, hash('md5'))
    assert.equal(image.os_hash_algo, 'sha512')
    assert.equal(image.os_hash_value, hash('sha512'))
    assert.equal(await (await api.call(member, 'GET', `/v2/images/${id}/file`)).text(), data)
  })

  it('are shown to services, and to nobody else', async () => {
    const id = await create()
    const secret = `${web.url.replace('//', '//user:SECRET@')}/data`
    assert.equal(await add(id, { url: secret }), 202)
    assert.doesNotMatch(JSON.stringify(await ended(id)), /SECRET/)
    const shown = [{ url: `${web.url}/data`, metadata: { store: 'web' } }]
    assert.deepEqual(await (await locationsOf(id, admin)).json(), shown)
    await api.call(member, 'PATCH', `/v2/images/${id}`, {
      json: [{ op: 'replace', path: '/visibility', value: 'community' }],
      headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
    })
    assert.deepEqual(await (await locationsOf(id)).json(), shown)
    assert.equal((await locationsOf(id, member)).status, 403)
    assert.equal((await api.call(admin, 'POST', `/v2/images/${id}/actions/deactivate`)).status, 204)
    assert.deepEqual(await (await locationsOf(id)).json(), [])
    assert.deepEqual(await (await locationsOf(id, admin)).json(), shown)
    assert.equal((await locationsOf('00000000-0000-4000-8000-000000000000')).status, 404)
    assert.doesNotMatch(JSON.stringify(api.lines), /SECRET/)
  })

  it('make the image active only when its data has the hash that the caller vouches for', async () => {
    const id = await create()
    const validation_data = { os_hash_algo: 'sha256', os_hash_value: hash('sha256') }
    assert.equal(await add(id, { url: `${web.url}/data`, validation_data }), 202)
    assert.equal((await ended(id)).status, 'success')
    const image = await show(id)
    assert.deepEqual([image.status, image.os_hash_algo, image.os_hash_value], ['active', 'sha256', hash('sha256')])

    const other = await create()
    const wrong = { os_hash_algo: 'sha256', os_hash_value: '0'.repeat(64) }
    assert.equal(await add(other, { url: `${web.url}/data`, validation_data: wrong }), 202)
    const task = await ended(other)
    assert.equal(task.status, 'failure')
    assert.match(task.message, /os_hash_value/)
    const { status, size, checksum, os_hash_algo, os_hash_value } = await show(other)
    assert.deepEqual(
      { status, size, checksum, os_hash_algo, os_hash_value },
      { status: 'queued', size: null, checksum: null, os_hash_algo: null, os_hash_value: null },
    )
    assert.deepEqual(await (await locationsOf(other, admin)).json(), [])
    // Nothing is in the way of another try.
    assert.equal(await add(other, { url: `${web.url}/data`, validation_data }), 202)
    await until(async () => (await show(other)).status === 'active')
  })

  it('are read again when the server fails for a moment; an image whose hash cannot be had stays active', async () => {
    const once = await create()
    assert.equal(await add(once, { url: `${web.url}/once` }), 202)
    const never = await create()
    assert.equal(await add(never, { url: `${web.url}/never` }), 202)
    await ended(once)
    assert.equal((await show(once)).os_hash_value, hash('sha512'))
    assert.equal((await ended(never)).status, 'success')
    const image = await show(never)
    assert.deepEqual([image.status, image.os_hash_algo, image.os_hash_value], ['active', null, null])
    const reads = web.requests.filter((request) => request === 'GET /never')
    assert.equal(reads.length, 2)
  })

  it('leave the image queued when there is no such data, or it may not be had from there', async () => {
    for (const url of [`${web.url}/missing`, `${web.url}/empty`, 'http://169.254.169.254/latest', 'http://']) {
      const id = await create()
      assert.equal(await add(id, { url }), 202)
      assert.equal((await ended(id)).status, 'failure')
      assert.equal((await show(id)).status, 'queued')
    }
    const bare = await create(api, {})
    assert.equal(await add(bare, { url: `${web.url}/data` }), 202)
    assert.match((await ended(bare)).message, /disk_format/)
    const file = await create()
    assert.equal(await add(file, { url: 'file:///etc/passwd' }, { token: admin }), 403)
    assert.equal(await add(file, { url: 'file:///etc/passwd' }, { token: 'p1:service' }), 202)
    assert.equal((await ended(file)).status, 'failure')
  })

  it('take the hash from the caller, or have none, without do_secure_hash', async () => {
    const validation_data = { os_hash_algo: 'md5', os_hash_value: '0'.repeat(32) }
    const [vouched, plain] = [await create(careless), await create(careless)]
    assert.equal(await add(vouched, { url: `${web.url}/data`, validation_data }, { at: careless }), 202)
    assert.equal(await add(plain, { url: `${web.url}/data` }, { at: careless }), 202)
    await ended(vouched, careless)
    await ended(plain, careless)
    const [one, other] = [await show(vouched, careless), await show(plain, careless)]
    assert.deepEqual([one.status, one.os_hash_algo, one.os_hash_value], ['active', 'md5', '0'.repeat(32)])
    assert.deepEqual([other.status, other.os_hash_algo, other.os_hash_value], ['active', null, null])
  })

  it('are refused where the request is wrong', async () => {
    const id = await create()
    const url = `${web.url}/data`
    for (const [body, status] of [
      [{}, 400],
      [[], 400],
      [{ url: 5 }, 400],
      [{ url, validation_data: { os_hash_algo: 'sha256' } }, 400],
      [{ url, validation_data: { os_hash_value: 'ab' } }, 400],
      [{ url, validation_data: { os_hash_algo: 'sha3', os_hash_value: 'ab' } }, 400],
      [{ url, validation_data: { os_hash_algo: 'sha256', os_hash_value: 'ab' } }, 400],
      [{ url, validation_data: { os_hash_algo: 'md5', os_hash_value: 'z'.repeat(32) } }, 400],
      [{ url, validation_data: { checksum: '0'.repeat(32) } }, 400],
      [{ url, validation_data: null }, 400],
      [{ url: 'rbd://a/b/c/d' }, 403],
      [{ url: '' }, 403],
    ] as const) {
      assert.equal(await add(id, body), status, JSON.stringify(body))
    }
    assert.equal(await add(id, { url }, { token: 'p2:member' }), 404)
    assert.equal(await add(id, { url }, { token: 'p1:reader' }), 403)
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/locations`, { json: {} })).status, 405)
    assert.equal((await show(id)).status, 'queued')
    await api.call(member, 'PUT', `/v2/images/${id}/file`, {
      body: 'uploaded',
      headers: { 'content-type': 'application/octet-stream' },
    })
    assert.equal(await add(id, { url }), 409)
  })
})
