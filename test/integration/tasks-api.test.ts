import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { NewTask } from '../../src/ports/tasks.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const admin = 'p0:admin'
const member = 'p1:member'

type Json = Record<string, unknown>

describe('tasks and discovery', () => {
  let api: ApiServer
  before(async () => {
    api = await startApi()
  })
  after(() => api[Symbol.asyncDispose]())

  const json = async (response: Response) => (await response.json()) as Json
  const get = async (token: string, path: string) => {
    const response = await api.call(token, 'GET', path)
    assert.equal(response.status, 200, path)
    return json(response)
  }
  const statusOf = async (token: string, method: string, path: string, body?: string) =>
    (await api.call(token, method, path, body === undefined ? {} : { body })).status
  const make = (values: Partial<NewTask> = {}) =>
    api.repositories.tasks.create({
      id: randomUUID(),
      type: 'import',
      status: 'success',
      owner: 'p0',
      input: { a: 1 },
      result: { image_id: 'i' },
      message: null,
      imageId: null,
      requestId: 'req-1',
      userId: 'u',
      expiresAt: new Date('2100-01-01T00:00:00Z'),
      ...values,
    })

  it('keeps tasks from callers whom tasks_api_access does not admit, before it reads their requests', async () => {
    for (const [method, path] of [
      ['GET', '/v2/tasks'],
      ['POST', '/v2/tasks'],
      ['GET', '/v2/tasks/x'],
      ['DELETE', '/v2/tasks/x'],
      ['GET', '/v2/tasks?limit=x'],
    ] as const) {
      assert.equal(await statusOf(member, method, path, method === 'POST' ? 'x' : undefined), 403)
    }
  })

  it('shows a task', async () => {
    const task = await make()
    const shown = await get(admin, `/v2/tasks/${task.id}`)
    const { created_at, updated_at, ...rest } = shown
    assert.match(String(created_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.equal(updated_at, created_at)
    assert.deepEqual(rest, {
      id: task.id,
      input: { a: 1 },
      type: 'import',
      status: 'success',
      owner: 'p0',
      message: '',
      result: { image_id: 'i' },
      self: `/v2/tasks/${task.id}`,
      schema: '/v2/schemas/task',
      request_id: 'req-1',
      user_id: 'u',
      expires_at: '2100-01-01T00:00:00Z',
    })
    assert.equal(await statusOf(admin, 'GET', `/v2/tasks/${randomUUID()}`), 404)
  })

  it('deletes no task, whoever asks', async () => {
    const task = await make()
    const response = await api.call(admin, 'DELETE', `/v2/tasks/${task.id}`)
    assert.equal(response.status, 405)
    assert.equal(response.headers.get('allow'), 'GET')
    const other = await api.call(admin, 'PUT', `/v2/tasks/${task.id}`)
    assert.deepEqual([other.status, other.headers.get('allow')], [405, 'GET, DELETE'])
  })

  it('lists page by page, newest first, without what only a task by itself shows', async () => {
    const ids = []
    for (let i = 0; i < 3; i += 1) ids.push((await make({ owner: 'pages' })).id)
    const seen: unknown[] = []
    let path: unknown = '/v2/tasks?owner=pages&limit=2&sort_key=id&sort_dir=asc'
    while (typeof path === 'string') {
      const page = await get(admin, path)
      assert.equal(page.first, '/v2/tasks?owner=pages&limit=2&sort_key=id&sort_dir=asc')
      assert.equal(page.schema, '/v2/schemas/tasks')
      for (const task of page.tasks as Json[]) {
        assert.ok(!('input' in task || 'result' in task || 'message' in task || 'request_id' in task))
        seen.push(task.id)
      }
      path = page.next
    }
    assert.deepEqual(seen, ids.sort())
  })

  it('filters by type, status and owner, and refuses words that are none', async () => {
    await make({ owner: 'filters', status: 'failure' })
    const count = async (query: string) => {
      const { tasks } = await get(admin, `/v2/tasks?owner=filters${query}`)
      return (tasks as Json[]).length
    }
    assert.equal(await count('&status=failure&type=import'), 1)
    assert.equal(await count('&status=success'), 0)
    assert.equal(await count('&status=failure&status=success'), 0)
    assert.equal(await count('&expires_at=2100-01-01T00:00:00Z'), 1)
    assert.equal(await count('&created_at=2020'), 0)
    assert.equal(await count('&bogus=x'), 1)
    for (const query of [
      'status=bogus',
      'type=bogus',
      'type=api_image_import',
      'limit=x',
      'limit=-1',
      'sort_key=input',
      'sort_dir=up',
      'marker=x',
      'marker=',
      `marker=${randomUUID()}`,
    ]) {
      assert.equal(await statusOf(admin, 'GET', `/v2/tasks?${query}`), 400, query)
    }
  })

  it('soft-deletes what has expired when its owner looks', async () => {
    const { id } = await make({ expiresAt: new Date('2020-01-01T00:00:00Z') })
    assert.equal(await statusOf(admin, 'GET', `/v2/tasks/${id}`), 200)
    await get(admin, '/v2/tasks')
    assert.equal(await statusOf(admin, 'GET', `/v2/tasks/${id}`), 404)
  })

  it('refuses orders that say nothing that could be done', async () => {
    for (const body of [
      '',
      'x',
      '[]',
      '["type","input"]',
      '{"type":"import"}',
      '{"type":"bogus","input":{}}',
      '{"type":"import","input":{}}',
      '{"type":"import","input":{"import_from":""}}',
      '{"type":"import","input":{"import_from":"file:///etc/passwd"}}',
      '{"type":"import","input":{"import_from":"swift://x"}}',
      '{"type":"api_image_import","input":null}',
      '{"type":"api_image_import","input":{},"foo":1}',
    ]) {
      assert.equal(await statusOf(admin, 'POST', '/v2/tasks', body), 400, body)
    }
  })

  it('records an order that nothing carries out as a failure that says so', async () => {
    const response = await api.call(admin, 'POST', '/v2/tasks', { json: { type: 'location_import', input: {} } })
    assert.equal(response.status, 201)
    const task = await json(response)
    assert.equal(response.headers.get('location'), `${api.url}/v2/tasks/${task.id}`)
    assert.equal(task.status, 'failure')
    assert.match(String(task.message), /carries out/)
    assert.deepEqual(await get(admin, `/v2/tasks/${task.id}`), task)
  })

  it('shows the tasks of an image to those who see both', async () => {
    const created = await json(await api.call(member, 'POST', '/v2/images', { json: {} }))
    const imageId = created.id as string
    const own = await make({ owner: 'p1', imageId })
    await make({ owner: 'p0', imageId })
    const path = `/v2/images/${imageId}/tasks`
    const { tasks } = await get(member, path)
    assert.deepEqual(
      (tasks as Json[]).map(({ id, expires_at, deleted }) => [id, expires_at, deleted]),
      [[own.id, '2100-01-01T00:00:00.000000', false]],
    )
    assert.equal(((await get(admin, path)).tasks as Json[]).length, 2)
    assert.equal(await statusOf('p2:member', 'GET', path), 404)
    assert.equal(await statusOf(admin, 'POST', path), 404)
  })

  it('serves the schemas of tasks', async () => {
    const schema = await get(member, '/v2/schemas/task')
    assert.ok('input' in (schema.properties as Json))
    const list = (await get(member, '/v2/schemas/tasks')) as { properties: { tasks: { items: Json } } }
    assert.ok(!('input' in (list.properties.tasks.items.properties as Json)))
  })

  it('tells the ways of import and the stores, and how they are set up only to admins and services', async () => {
    const method = (await get(member, '/v2/info/import'))['import-methods'] as Json
    assert.deepEqual(method.value, ['glance-direct', 'web-download', 'copy-image'])
    assert.deepEqual(await get(member, '/v2/info/stores'), { stores: [{ id: 'one', default: 'true' }] })
    assert.equal(await statusOf(member, 'GET', '/v2/info/stores/detail'), 403)
    assert.deepEqual(await get(admin, '/v2/info/stores/detail'), {
      stores: [{ id: 'one', default: 'true', type: 'file', properties: {}, weight: 0 }],
    })
    const refused = await api.call(member, 'POST', '/v2/info/stores')
    assert.deepEqual([refused.status, refused.headers.get('allow')], [405, 'GET'])
  })
})
