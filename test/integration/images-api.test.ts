import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { type ApiServer, startApi } from './support/api-server.ts'

const member = 'p1:member'
const other = 'p2:member'
const admin = 'p0:admin'
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' }

type Json = Record<string, unknown>

async function json(response: Response): Promise<Json> {
  return (await response.json()) as Json
}

async function make(api: ApiServer, fields: Json = {}, token = member): Promise<string> {
  const response = await api.call(token, 'POST', '/v2/images', { json: fields })
  assert.equal(response.status, 201)
  return (await json(response)).id as string
}

const patch = (api: ApiServer, token: string, id: string, operations: unknown) =>
  api.call(token, 'PATCH', `/v2/images/${id}`, { json: operations, headers: patchType })

describe('the images API', () => {
  let api: ApiServer
  before(async () => {
    api = await startApi()
  })
  after(() => api[Symbol.asyncDispose]())

  it('creates an image and shows it alike', async () => {
    const created = await api.call(member, 'POST', '/v2/images', { json: { name: 'n', tags: ['t', 't'], hw_x: 'y' } })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('openstack-image-import-methods'), 'glance-direct,web-download,copy-image')
    assert.equal(created.headers.get('openstack-image-store-ids'), 'one')
    const image = await json(created)
    assert.equal(created.headers.get('location'), `${api.url}/v2/images/${image.id}`)
    assert.deepEqual([image.status, image.owner, image.visibility, image.tags], ['queued', 'p1', 'shared', ['t']])
    assert.deepEqual(await json(await api.call(member, 'GET', `/v2/images/${image.id}`)), image)
  })

  it('hides an image from a project that it is not shared with', async () => {
    const id = await make(api)
    for (const [method, options] of [
      ['GET', {}],
      ['DELETE', {}],
      ['PATCH', { json: [], headers: patchType }],
    ] as const) {
      assert.equal((await api.call(other, method, `/v2/images/${id}`, options)).status, 404)
    }
  })

  it('carries out all operations of a patch or none', async () => {
    const id = await make(api, { a: '1' })
    const refused = await patch(api, member, id, [
      { op: 'add', path: '/b', value: '2' },
      { op: 'remove', path: '/nothing' },
    ])
    assert.equal(refused.status, 409)
    assert.equal((await json(await api.call(member, 'GET', `/v2/images/${id}`))).b, undefined)
    const done = await patch(api, member, id, [
      { op: 'add', path: '/b', value: '2' },
      { op: 'remove', path: '/a' },
      { op: 'replace', path: '/tags', value: ['x', 'y'] },
      { op: 'replace', path: '/min_disk', value: 3 },
    ])
    const image = await json(done)
    assert.deepEqual([image.a, image.b, image.tags, image.min_disk], [undefined, '2', ['x', 'y'], 3])
  })

  it('names the media types of patches when another one comes', async () => {
    const id = await make(api)
    const response = await api.call(member, 'PATCH', `/v2/images/${id}`, { json: [] })
    assert.equal(response.status, 415)
    assert.equal(
      response.headers.get('accept-patch'),
      'application/openstack-images-v2.0-json-patch, application/openstack-images-v2.1-json-patch',
    )
  })

  it('leaves the owner to admins', async () => {
    const id = await make(api)
    for (const op of ['add', 'replace']) {
      assert.equal((await patch(api, member, id, [{ op, path: '/owner', value: 'p2' }])).status, 403)
    }
    assert.equal((await patch(api, admin, id, [{ op: 'replace', path: '/owner', value: 'p2' }])).status, 200)
    assert.equal((await api.call(other, 'GET', `/v2/images/${id}`)).status, 200)
  })

  it('lists page by page, with links that keep every parameter', async () => {
    for (const name of ['c', 'a', 'b']) await make(api, { name, tags: ['page', 'two'] })
    const names: unknown[] = []
    let path: unknown = '/v2/images?tag=page&tag=two&sort=name:asc&limit=2'
    while (typeof path === 'string') {
      const page = await json(await api.call(member, 'GET', path))
      assert.equal(page.first, '/v2/images?tag=page&tag=two&sort=name%3Aasc&limit=2')
      for (const image of page.images as Json[]) names.push(image.name)
      path = page.next
    }
    assert.deepEqual(names, ['a', 'b', 'c'])
  })

  it('shares an image with a project that accepts', async () => {
    const id = await make(api, { name: 'shared' })
    const members = `/v2/images/${id}/members`
    assert.equal((await api.call(member, 'POST', members, { json: { member: 'p2' } })).status, 200)
    assert.equal((await api.call(member, 'POST', members, { json: { member: 'p2' } })).status, 409)
    assert.equal((await api.call(other, 'GET', `/v2/images/${id}`)).status, 200)
    const listed = async (query = '') => {
      const { images } = await json(await api.call(other, 'GET', `/v2/images?name=shared${query}`))
      return (images as Json[]).length
    }
    assert.equal(await listed(), 0)
    assert.equal(await listed('&member_status=pending'), 1)
    const own = `${members}/p2`
    assert.equal((await api.call(member, 'PUT', own, { json: { status: 'accepted' } })).status, 403)
    assert.equal((await api.call(other, 'PUT', own, { json: { status: 'perhaps' } })).status, 400)
    assert.equal((await api.call(other, 'PUT', own, { json: { status: 'accepted' } })).status, 200)
    assert.equal(await listed(), 1)
    assert.equal((await api.call(member, 'DELETE', own)).status, 204)
    assert.equal((await api.call(other, 'GET', `/v2/images/${id}`)).status, 404)
  })

  it('adds and removes single tags', async () => {
    const id = await make(api)
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/tags/a%20b`)).status, 204)
    assert.deepEqual((await json(await api.call(member, 'GET', `/v2/images/${id}`))).tags, ['a b'])
    assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}/tags/a%20b`)).status, 204)
    assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}/tags/a%20b`)).status, 404)
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/tags/`)).status, 404)
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/tags/${'x'.repeat(256)}`)).status, 400)
  })

  it('deactivates and reactivates active images only', async () => {
    const id = await make(api, { disk_format: 'raw', container_format: 'bare' })
    const act = async (action: string) => (await api.call(admin, 'POST', `/v2/images/${id}/actions/${action}`)).status
    assert.equal(await act('deactivate'), 403)
    const headers = { 'content-type': 'application/octet-stream' }
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/file`, { body: 'data', headers })).status, 204)
    for (const action of ['deactivate', 'deactivate']) assert.equal(await act(action), 204)
    const seen = await json(await api.call(member, 'GET', `/v2/images/${id}`))
    assert.deepEqual([seen.status, seen.stores], ['deactivated', undefined])
    assert.equal((await json(await api.call(admin, 'GET', `/v2/images/${id}`))).stores, 'one')
    for (const action of ['reactivate', 'reactivate']) assert.equal(await act(action), 204)
    const image = await json(await api.call(member, 'GET', `/v2/images/${id}`))
    assert.deepEqual([image.status, image.size, image.stores], ['active', 4, 'one'])
  })

  it('deletes an image with its data, unless it is protected', async () => {
    const id = await make(api, { disk_format: 'raw', container_format: 'bare', protected: true })
    const headers = { 'content-type': 'application/octet-stream' }
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/file`, { body: 'data', headers })).status, 204)
    assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}`)).status, 403)
    assert.equal((await api.call(member, 'GET', `/v2/images/${id}/file`)).status, 200)
    await patch(api, member, id, [{ op: 'replace', path: '/protected', value: false }])
    assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}`)).status, 204)
    assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}`)).status, 404)
    assert.equal((await api.call(member, 'POST', '/v2/images', { json: { id } })).status, 409)
  })

  it('keeps a property named __proto__ like any other', async () => {
    const body = '{"__proto__":"x","constructor":"y"}'
    const response = await api.call(member, 'POST', '/v2/images', { body })
    const image = await response.text()
    assert.equal(response.status, 201)
    assert.match(image, /"__proto__":"x"/)
    assert.match(image, /"constructor":"y"/)
    const { id } = JSON.parse(image) as { id: string }
    const shown = async () => (await api.call(member, 'GET', `/v2/images/${id}`)).text()
    assert.match(await shown(), /"__proto__":"x"/)
    const list = await api.call(member, 'GET', `/v2/images?id=in:${id}`)
    assert.match(await list.text(), /"__proto__":"x"/)
    await patch(api, member, id, [{ op: 'replace', path: '/__proto__', value: 'z' }])
    assert.match(await shown(), /"__proto__":"z"/)
    await patch(api, member, id, [{ op: 'remove', path: '/__proto__' }])
    assert.doesNotMatch(await shown(), /__proto__/)
  })

  for (const [what, fields, status] of [
    ['a negative size', { min_disk: -1 }, 400],
    ['a size beyond the column', { min_ram: 2 ** 31 }, 400],
    ['a character beyond the tables', { name: '\u{1f600}' }, 400],
    ['a property name that is too long', { ['x'.repeat(256)]: '1' }, 400],
    ['a property value that is too long', { x: 'x'.repeat(65536) }, 400],
    ['a status', { status: 'active' }, 403],
    ['a link', { self: 'x' }, 403],
    ['locations', { locations: [] }, 403],
    ['a property of the service', { os_glance_x: '1' }, 403],
    ["another project's ownership", { owner: 'p2' }, 403],
    ['public visibility', { visibility: 'public' }, 403],
    ['too many tags', { tags: Array.from({ length: 129 }, (_, index) => `t${index}`) }, 413],
    ['too many properties', Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`p${index}`, ''])), 413],
  ] as const) {
    it(`refuses a new image with ${what}: ${status}`, async () => {
      assert.equal((await api.call(member, 'POST', '/v2/images', { json: fields })).status, status)
    })
  }

  for (const [method, path, status] of [
    ['GET', '/', 300],
    ['POST', '/v1/images', 300],
    ['GET', '/versions', 200],
    ['GET', '/v2', 302],
    ['GET', '/v2/', 404],
    ['GET', '/v2/images/', 404],
    ['GET', '/v2/nothing', 404],
    ['HEAD', '/v2/images', 405],
    ['GET', '/v2/images/%ff', 400],
    ['GET', '/v2/images/%zz', 404],
    ['GET', '/v2/images?marker=nothing', 400],
    ['GET', '/healthcheck', 200],
  ] as const) {
    it(`answers ${method} ${path} with ${status}`, async () => {
      const response = await api.call(member, method, path)
      assert.equal(response.status, status)
    })
  }

  it('tells which methods a resource has', async () => {
    for (const [path, allow] of [
      ['/v2/images', 'GET, POST'],
      ['/v2/images/x', 'GET, PATCH, DELETE'],
      ['/v2/images/x/file', 'GET, PUT'],
      ['/v2/images/x/tags/y', 'PUT, DELETE'],
      ['/v2/images/x/members', 'GET, POST'],
      ['/v2/images/x/members/y', 'GET, PUT, DELETE'],
      ['/v2/images/x/actions/deactivate', 'POST'],
      ['/v2/schemas/image', 'GET'],
    ] as const) {
      for (const method of ['HEAD', 'PROPFIND']) {
        const response = await api.call(member, method, path)
        assert.deepEqual([response.status, response.headers.get('allow')], [405, allow], `${method} ${path}`)
      }
    }
  })

  it('asks who calls before it tells what exists', async () => {
    for (const path of ['/v2/images', '/v2/nothing', '/v2/images/x']) {
      const response = await api.call(null, 'GET', path)
      assert.equal(response.status, 401)
      assert.equal(response.headers.get('www-authenticate'), 'Keystone uri="http://identity.example"')
    }
  })

  it('takes JSON whatever its content type says, and refuses what is none', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense']) {
      const headers = { 'content-type': type }
      assert.equal((await api.call(member, 'POST', '/v2/images', { body: '{}', headers })).status, 201)
    }
    for (const body of ['', 'x', '1', 'null', '{"a":', Buffer.from([0x22, 0xff, 0x22])]) {
      assert.equal((await api.call(member, 'POST', '/v2/images', { body })).status, 400)
    }
  })

  it('refuses bodies, URLs and headers that are too large', async () => {
    const large = JSON.stringify({ a: 'x'.repeat(5 * 2 ** 20) })
    assert.equal((await api.call(member, 'POST', '/v2/images', { body: large })).status, 413)
    assert.equal((await api.call(member, 'GET', `/v2/images?name=${'x'.repeat(9000)}`)).status, 414)
    const headers = { 'x-long': 'x'.repeat(20000) }
    assert.equal((await api.call(member, 'GET', '/v2/images', { headers })).status, 431)
  })

  for (const [what, request, status] of [
    ['headers beyond all bounds', `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`, 431],
    ['a method that nobody knows', 'FOO / HTTP/1.1\r\nHost: h\r\n\r\n', 501],
    ['what is no HTTP', 'hello\r\n\r\n', 400],
  ] as const) {
    it(`answers ${what} with ${status} and closes the connection`, async () => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1')
      socket.on('error', () => {})
      socket.write(request)
      assert.match(await text(socket), new RegExp(`^HTTP/1.1 ${status} `))
    })
  }

  it('logs a request without its query or token, and counts it', async () => {
    await api.call('p1:secretrole', 'GET', '/v2/images?name=hidden-name')
    const line = api.lines.filter(({ message }) => message === 'request').at(-1)
    assert.equal(line?.fields.path, '/v2/images')
    assert.equal(line?.fields.status, 200)
    assert.doesNotMatch(JSON.stringify(api.lines), /hidden-name|secretrole/)
    assert.match(
      await api.metrics.metrics(),
      /glimpse_http_requests_total\{method="GET",route="\/v2\/images",status="200"\} \d/,
    )
  })
})

describe('the images API with other options', () => {
  it('honours quotas of zero and of no bound', async () => {
    await using api = await startApi({ image_tag_quota: 0, image_property_quota: -1, image_member_quota: 1 })
    assert.equal((await api.call(member, 'POST', '/v2/images', { json: { tags: ['a'] } })).status, 413)
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`p${index}`, 'x']))
    const id = await make(api, many)
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/tags/a`)).status, 413)
    const members = `/v2/images/${id}/members`
    assert.equal((await api.call(member, 'POST', members, { json: { member: 'a' } })).status, 200)
    assert.equal((await api.call(member, 'POST', members, { json: { member: 'b' } })).status, 413)
  })

  it('refuses and hides properties that no schema names when they are not allowed', async () => {
    await using api = await startApi({ allow_additional_image_properties: false })
    assert.equal((await api.call(member, 'POST', '/v2/images', { json: { a: 'b' } })).status, 400)
    const { additionalProperties, links } = await json(await api.call(member, 'GET', '/v2/schemas/image'))
    assert.deepEqual([additionalProperties, links], [false, undefined])
    await make(api)
  })

  it('keeps the data of deleted images for the scrubber when deletes are delayed', async () => {
    await using api = await startApi({ delayed_delete: true })
    const id = await make(api, { disk_format: 'raw', container_format: 'bare' })
    const headers = { 'content-type': 'application/octet-stream' }
    await api.call(member, 'PUT', `/v2/images/${id}/file`, { body: 'data', headers })
    assert.equal((await api.call(member, 'DELETE', `/v2/images/${id}`)).status, 204)
    assert.equal((await api.call(member, 'GET', `/v2/images/${id}`)).status, 404)
    assert.equal(await api.repositories.images.get(id), undefined)
  })

  it('shows locations when it may, and refuses those on its own disks', async () => {
    await using api = await startApi({ show_multiple_locations: true, show_image_direct_url: true })
    const id = await make(api, { disk_format: 'raw', container_format: 'bare' })
    const add = (url: string) =>
      patch(api, admin, id, [{ op: 'add', path: '/locations/-', value: { url, metadata: {} } }])
    assert.equal((await add('file:///etc/passwd')).status, 400)
    assert.equal((await add('nothing://x')).status, 400)
    const headers = { 'content-type': 'application/octet-stream' }
    await api.call(member, 'PUT', `/v2/images/${id}/file`, { body: 'data', headers })
    const image = await json(await api.call(member, 'GET', `/v2/images/${id}`))
    const [location] = image.locations as { url: string; metadata: Json }[]
    assert.equal(image.direct_url, location?.url)
    assert.equal(location?.metadata.store, 'one')
    assert.equal((await patch(api, admin, id, [{ op: 'remove', path: '/locations/0' }])).status, 403)
    const value = [{ url: location?.url, metadata: { note: 'x' } }]
    const replaced = await patch(api, admin, id, [{ op: 'replace', path: '/locations', value }])
    assert.deepEqual((await json(replaced)).locations, [{ url: location?.url, metadata: { note: 'x', store: 'one' } }])
    assert.equal((await api.call(member, 'GET', `/v2/images/${id}/file`)).status, 200)
  })

  it('refuses any change of locations while they are invisible', async () => {
    await using api = await startApi()
    const id = await make(api)
    const value = { url: 'http://a.example/', metadata: {} }
    for (const operation of [
      { op: 'add', path: '/locations/-', value },
      { op: 'replace', path: '/locations', value: [value] },
      { op: 'replace', path: '/locations', value: [] },
    ]) {
      assert.equal((await patch(api, admin, id, [operation])).status, 403)
    }
  })
})
