import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { readPropertyRules } from '../../src/domain/protections/rules.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const member = 'p1:member'
const admin = 'p1:admin'
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' }

const rules = `
[^secret_]
create = admin
read = admin
update = admin
delete = admin
[^label$]
create = admin
read = @
update = admin
delete = admin
[^request$]
create = member, admin
read = admin
update = admin
delete = admin
[^free_]
create = @
read = @
update = @
delete = @
[^locked$]
create = @
read = @
update = !
delete = !
`

type Json = Record<string, unknown>

describe('protected properties', () => {
  let api: ApiServer
  before(async () => {
    api = await startApi({}, { protections: readPropertyRules(rules, { file: 'protections.conf', format: 'roles' }) })
  })
  after(() => api[Symbol.asyncDispose]())

  const create = (token: string, json: Json) => api.call(token, 'POST', '/v2/images', { json })
  const patch = (token: string, id: unknown, operations: unknown) =>
    api.call(token, 'PATCH', `/v2/images/${id}`, { json: operations, headers: patchType })
  const show = async (token: string, id: unknown) =>
    (await (await api.call(token, 'GET', `/v2/images/${id}`)).json()) as Json
  const make = async (json: Json): Promise<unknown> => ((await (await create(member, json)).json()) as Json).id

  it('are refused in a new image with 403 unless the caller may create them', async () => {
    for (const name of ['secret_a', 'label', 'unmentioned']) {
      const response = await create(member, { [name]: '1' })
      assert.equal(response.status, 403)
      assert.match(await response.text(), new RegExp(`Attribute (')?(&#x27;)?${name}.* is reserved`))
    }
    assert.equal((await create(admin, { secret_a: '1', label: '2' })).status, 201)
    assert.equal((await create(admin, { unmentioned: '1' })).status, 403)
  })

  it('are hidden from those who may not read them: in answers to create, show, list and patch', async () => {
    const created = (await (await create(member, { free_a: '1', request: 'r' })).json()) as Json
    const { id } = created
    const changed = await patch(admin, id, [{ op: 'add', path: '/secret_a', value: 's' }])
    assert.deepEqual([((await changed.json()) as Json).secret_a, created.request], ['s', undefined])
    const views = [
      await show(member, id),
      (await (await patch(member, id, [{ op: 'replace', path: '/name', value: 'n' }])).json()) as Json,
      ((await (await api.call(member, 'GET', `/v2/images?id=${id}`)).json()) as { images: Json[] }).images[0] ?? {},
      (await (await patch(member, id, [])).json()) as Json,
    ]
    for (const { free_a, request, secret_a } of views)
      assert.deepEqual([free_a, request, secret_a], ['1', undefined, undefined])
  })

  it('that a caller cannot see outlive his changes', async () => {
    const id = await make({ request: 'r', free_a: '1' })
    await patch(admin, id, [{ op: 'add', path: '/secret_a', value: 's' }])
    assert.equal((await patch(member, id, [{ op: 'remove', path: '/free_a' }])).status, 200)
    const { request, secret_a, free_a } = await show(admin, id)
    assert.deepEqual([request, secret_a, free_a], ['r', 's', undefined])
  })

  it('are changed and removed by those who may, and by nobody else', async () => {
    const id = await make({ free_a: '1', locked: 'l' })
    await patch(admin, id, [
      { op: 'add', path: '/secret_a', value: 's' },
      { op: 'add', path: '/label', value: 'x' },
    ])
    for (const [operation, status] of [
      [{ op: 'replace', path: '/secret_a', value: 'z' }, 409],
      [{ op: 'remove', path: '/secret_a' }, 409],
      [{ op: 'add', path: '/secret_a', value: 'z' }, 403],
      [{ op: 'replace', path: '/label', value: 'z' }, 403],
      [{ op: 'add', path: '/label', value: 'z' }, 403],
      [{ op: 'remove', path: '/label' }, 403],
      [{ op: 'replace', path: '/locked', value: 'z' }, 403],
      [{ op: 'remove', path: '/locked' }, 403],
      [{ op: 'add', path: '/unmentioned', value: 'z' }, 403],
      [{ op: 'replace', path: '/free_a', value: 'z' }, 200],
      [{ op: 'remove', path: '/free_a' }, 200],
    ] as const) {
      assert.equal((await patch(member, id, [operation])).status, status, JSON.stringify(operation))
    }
    const removed = await patch(admin, id, [
      { op: 'remove', path: '/secret_a' },
      { op: 'replace', path: '/label', value: 'y' },
    ])
    const { label, secret_a, locked } = (await removed.json()) as Json
    assert.deepEqual([label, secret_a, locked], ['y', undefined, 'l'])
  })
})

describe('properties protected by policies', () => {
  it('are what the rules of the policy say', async (t) => {
    const file = '[^deal_]\ncreate = sales\nread = @\nupdate = sales\ndelete = !\n'
    const protections = readPropertyRules(file, { file: 'protections.conf', format: 'policies' })
    const api = await startApi({}, { protections, policyRules: { sales: 'role:seller' } })
    t.after(() => api[Symbol.asyncDispose]())
    const json = { deal_id: '7' }
    assert.equal((await api.call(member, 'POST', '/v2/images', { json })).status, 403)
    const created = await api.call('p1:seller', 'POST', '/v2/images', { json })
    const { id, deal_id } = (await created.json()) as Json
    assert.equal(deal_id, '7')
    const change = async (token: string, operation: Json) =>
      (await api.call(token, 'PATCH', `/v2/images/${id}`, { json: [operation], headers: patchType })).status
    assert.equal(await change(member, { op: 'replace', path: '/deal_id', value: '8' }), 403)
    assert.equal(await change('p1:seller', { op: 'replace', path: '/deal_id', value: '8' }), 200)
    assert.equal(await change('p1:seller', { op: 'remove', path: '/deal_id' }), 403)
  })
})

describe('an extended schema-image.json', () => {
  it('makes properties that every new image must have, and says so in the schema', async (t) => {
    const properties = { os_distro: { type: 'string' }, tier: { type: 'string', enum: ['a', 'b'] } }
    const api = await startApi({}, { customProperties: { properties, required: ['os_distro'] } })
    t.after(() => api[Symbol.asyncDispose]())
    const refused = await api.call(member, 'POST', '/v2/images', { json: { tier: 'a' } })
    assert.deepEqual([refused.status, /os_distro/.test(await refused.text())], [400, true])
    const { id } = (await (await api.call(member, 'POST', '/v2/images', { json: { os_distro: 'x' } })).json()) as Json
    const change = async (operation: Json) =>
      (await api.call(member, 'PATCH', `/v2/images/${id}`, { json: [operation], headers: patchType })).status
    assert.equal(await change({ op: 'replace', path: '/os_distro', value: 'y' }), 200)
    assert.equal(await change({ op: 'add', path: '/tier', value: 'a' }), 200)
    assert.equal(await change({ op: 'replace', path: '/tier', value: 'c' }), 400)
    assert.equal((await api.call(member, 'PUT', `/v2/images/${id}/tags/t`)).status, 204)
    const schema = (await (await api.call(member, 'GET', '/v2/schemas/image')).json()) as Json
    assert.deepEqual(schema.required, ['os_distro'])
    assert.deepEqual((schema.properties as Json).tier, { type: 'string', enum: ['a', 'b'], is_base: false })
    const list = (await (await api.call(member, 'GET', '/v2/schemas/images')).json()) as {
      properties: { images: { items: Json } }
    }
    assert.deepEqual(list.properties.images.items.required, ['os_distro'])
  })
})
