import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { until } from '../support/until.ts'
import { startWebServer, type WebServer } from '../support/web-server.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const member = 'p1:member'
const admin = 'p0:admin'
const headers = { 'content-type': 'application/openstack-images-v2.1-json-patch' }

interface Location {
  readonly url: string
  readonly metadata: Readonly<Record<string, unknown>>
}
interface Shown {
  readonly id: string
  readonly status: string
  readonly size: number
  readonly checksum: string | null
  readonly os_hash_value: string | null
  readonly locations: readonly Location[]
  readonly direct_url?: string
}

describe('locations changed by PATCH', () => {
  let api: ApiServer
  let web: WebServer
  before(async () => {
    web = await startWebServer({ '/four': 'four', '/other': 'more', '/empty': '' })
    api = await startApi(
      { show_multiple_locations: true, show_image_direct_url: true, image_location_quota: 3 },
      { webHosts: ['127.0.0.1'] },
    )
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await web[Symbol.asyncDispose]()
  })

  const create = async (fields: object = { disk_format: 'raw', container_format: 'bare' }) => {
    const response = await api.call(member, 'POST', '/v2/images', { json: fields })
    return ((await response.json()) as Shown).id
  }
  const patch = (id: string, operations: readonly object[], token = member) =>
    api.call(token, 'PATCH', `/v2/images/${id}`, { json: operations, headers })
  const value = (path: string, more: object = {}) => ({ url: web.url + path, metadata: {}, ...more })
  const add = (id: string, location: object, at = '-') =>
    patch(id, [{ op: 'add', path: `/locations/${at}`, value: location }])
  const show = async (id: string) => (await (await api.call(member, 'GET', `/v2/images/${id}`)).json()) as Shown
  const pathsOf = ({ locations }: Shown) => locations.map(({ url }) => url.slice(web.url.length))

  it('make a queued image active, with the size that the server tells', async () => {
    const id = await create()
    assert.equal((await add(id, value('/four'))).status, 200)
    const image = await show(id)
    assert.equal(image.status, 'active')
    assert.equal(image.size, 4)
    assert.deepEqual(image.locations, [{ url: `${web.url}/four`, metadata: { store: 'web' } }])
    assert.equal(await (await api.call(member, 'GET', `/v2/images/${id}/file`)).text(), 'four')
  })

  it('stand in the order in which operations leave them, new ones after those that there were', async () => {
    const id = await create()
    const response = await patch(id, [
      { op: 'add', path: '/locations/-', value: value('/four') },
      { op: 'add', path: '/locations/0', value: value('/other') },
      { op: 'add', path: '/locations/99', value: value('/four', { metadata: { a: 'b' } }) },
      { op: 'remove', path: '/locations/1' },
    ])
    assert.equal(response.status, 200)
    assert.deepEqual(pathsOf(await show(id)), ['/other', '/four'])
    assert.equal((await add(id, value('/four'), '0')).status, 200)
    assert.deepEqual(pathsOf(await show(id)), ['/other', '/four', '/four'])
  })

  const bad = {
    'a server that has no such file': () => value('/missing'),
    'no data': () => value('/empty'),
    'the same again': () => value('/four'),
    'the metadata service of a cloud': () => ({ url: 'http://169.254.169.254/latest', metadata: {} }),
    'a host that operators do not allow': () => ({ url: 'http://localhost/x', metadata: {} }),
    'a file of the server': () => ({ url: 'file:///etc/passwd', metadata: {} }),
    'an unknown scheme': () => ({ url: 'gopher://x/y', metadata: {} }),
    'no URL': () => ({ url: 'x', metadata: {} }),
    'metadata that is no text': () => value('/other', { metadata: { a: [1] } }),
    'no metadata': () => ({ url: `${web.url}/other` }),
  }
  for (const [what, location] of Object.entries(bad)) {
    it(`refuses ${what} with 400`, async () => {
      const id = await create()
      assert.equal((await add(id, value('/four'))).status, 200)
      const response = await add(id, location())
      assert.equal(response.status, 400)
      assert.equal((await show(id)).locations.length, 1)
    })
  }

  it('are limited by image_location_quota', async () => {
    const id = await create()
    const many = ['a', 'b', 'c', 'd'].map((name) => value('/four', { metadata: { name } }))
    assert.equal((await patch(id, [{ op: 'replace', path: '/locations', value: many }])).status, 413)
    assert.equal((await patch(id, [{ op: 'replace', path: '/locations', value: many.slice(1) }])).status, 200)
    assert.equal((await add(id, value('/other'))).status, 413)
  })

  it('show no account and no signature, and can be replaced by what is shown', async () => {
    const id = await create()
    const secret = `${web.url.replace('//', '//user:SECRET@')}/four`
    const response = await add(id, { url: secret, metadata: {} })
    assert.equal(response.status, 200)
    assert.doesNotMatch(await response.text(), /SECRET/)
    const image = await show(id)
    assert.equal(image.direct_url, `${web.url}/four`)
    assert.deepEqual(pathsOf(image), ['/four'])
    const renamed = [{ url: image.locations[0]?.url, metadata: { kept: 'yes' } }]
    assert.equal((await patch(id, [{ op: 'replace', path: '/locations', value: renamed }])).status, 200)
    assert.deepEqual((await show(id)).locations[0]?.metadata, { kept: 'yes', store: 'web' })
    assert.equal((await api.repositories.images.get(id))?.locations[0]?.url, secret)
    const again = await add(id, { url: secret, metadata: { kept: 'yes' } })
    assert.equal(again.status, 400)
    assert.doesNotMatch(await again.text(), /SECRET/)
    assert.doesNotMatch(JSON.stringify(api.lines), /SECRET/)
  })

  it('bring the hashes that the caller vouches for, once', async () => {
    const hashes = {
      checksum: createHash('md5').update('four').digest('hex'),
      os_hash_algo: 'sha512',
      os_hash_value: createHash('sha512').update('four').digest('hex'),
    }
    const id = await create()
    for (const wrong of [{ os_hash_value: 'ab' }, { os_hash_algo: 'sha256' }, { checksum: 'z'.repeat(32) }]) {
      const response = await add(id, value('/four', { validation_data: { ...hashes, ...wrong } }))
      assert.equal(response.status, 409)
    }
    assert.equal((await add(id, value('/four', { validation_data: hashes }))).status, 200)
    const image = await show(id)
    assert.equal(image.checksum, hashes.checksum)
    assert.equal(image.os_hash_value, hashes.os_hash_value)
    assert.equal((await add(id, value('/other', { validation_data: hashes }))).status, 200)
    const other = { ...hashes, checksum: '0'.repeat(32) }
    assert.equal((await add(id, value('/empty', { validation_data: other }))).status, 409)
  })

  it('need formats, and leave the last one where it is', async () => {
    const bare = await create({})
    assert.equal((await add(bare, value('/four'))).status, 400)
    const id = await create()
    assert.equal((await patch(id, [{ op: 'remove', path: '/locations/0' }])).status, 409)
    await add(id, value('/four'))
    assert.equal((await patch(id, [{ op: 'remove', path: '/locations/0' }], admin)).status, 403)
    assert.equal((await patch(id, [{ op: 'replace', path: '/locations', value: [] }])).status, 403)
    assert.equal((await patch(id, [{ op: 'replace', path: '/locations', value: [value('/other')] }])).status, 400)
  })
})

describe('the data of locations', () => {
  it('counts for user_storage_quota, by PATCH and by POST', async () => {
    await using web = await startWebServer({ '/four': 'four', '/other': 'more' })
    await using api = await startApi(
      { show_multiple_locations: true },
      { webHosts: ['127.0.0.1'], storageQuotaBytes: 11, runsJobs: true },
    )
    const create = async () => {
      const json = { disk_format: 'raw', container_format: 'bare' }
      return ((await (await api.call(member, 'POST', '/v2/images', { json })).json()) as Shown).id
    }
    const add = async (id: string, path: string) => {
      const value = { url: web.url + path, metadata: {} }
      const json = [{ op: 'add', path: '/locations/-', value }]
      return (await api.call(member, 'PATCH', `/v2/images/${id}`, { json, headers })).status
    }
    const id = await create()
    assert.equal(await add(id, '/four'), 200)
    assert.equal(await add(id, '/other'), 200)
    const other = await create()
    assert.equal(await add(other, '/four'), 413)
    const ordered = await api.call(member, 'POST', `/v2/images/${other}/locations`, {
      json: { url: `${web.url}/four` },
    })
    assert.equal(ordered.status, 202)
    const task = async () => (await api.repositories.tasks.listByImage(other))[0]
    await until(async () => (await task())?.status === 'failure')
    assert.match((await task())?.message ?? '', /quota/)
    assert.equal((await api.repositories.images.get(other))?.status, 'queued')
    const twice = { op: 'replace', path: '/locations', value: [{ url: `${web.url}/four`, metadata: { a: 'b' } }] }
    const removed = { op: 'remove', path: '/locations/1' }
    assert.equal((await api.call(member, 'PATCH', `/v2/images/${id}`, { json: [removed, twice], headers })).status, 200)
    assert.equal(await add(other, '/four'), 200)
  })
})
