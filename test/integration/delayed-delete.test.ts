import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DueImage } from '../../src/ports/scrub.ts'
import { type ApiServer, startApi } from './support/api-server.ts'

const admin = 'p0:admin'
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' }

interface Stored {
  readonly id: string
  readonly url: string
}

async function store(api: ApiServer, data: string): Promise<Stored> {
  const json = { disk_format: 'raw', container_format: 'bare' }
  const { id } = (await (await api.call(admin, 'POST', '/v2/images', { json })).json()) as Stored
  const headers = { 'content-type': 'application/octet-stream' }
  assert.equal((await api.call(admin, 'PUT', `/v2/images/${id}/file`, { body: data, headers })).status, 204)
  const image = (await (await api.call(admin, 'GET', `/v2/images/${id}`)).json()) as { locations: { url: string }[] }
  return { id, url: image.locations[0]?.url ?? '' }
}

/** An image with a second location, whose data is that of another image. */
async function storeTwice(api: ApiServer): Promise<{ image: Stored; other: Stored }> {
  const image = await store(api, 'first')
  const other = await store(api, 'second')
  await api.repositories.images.update(image.id, {
    addLocations: [{ url: other.url, metadata: { store: 'one' }, status: 'active' }],
  })
  return { image, other }
}

const dueIn = (api: ApiServer): Promise<DueImage[]> =>
  api.repositories.scrub.due({ before: new Date(Date.now() + 60_000), limit: 10 })
const locationsOf = (due: readonly DueImage[]) => due.map(({ id, locations }) => [id, locations.map(({ url }) => url)])
const dataOf = (api: ApiServer, id: string) => api.call(admin, 'GET', `/v2/images/${id}/file`)
const removeSecond = (api: ApiServer, id: string) =>
  api.call(admin, 'PATCH', `/v2/images/${id}`, {
    json: [{ op: 'remove', path: '/locations/1' }],
    headers: patchType,
  })

describe('with delayed_delete', () => {
  const options = { delayed_delete: true, show_multiple_locations: true }

  it('the data of a deleted image waits for the scrubber', async () => {
    await using api = await startApi(options)
    const { id, url } = await store(api, 'data')
    assert.equal((await api.call(admin, 'DELETE', `/v2/images/${id}`)).status, 204)
    assert.equal((await api.call(admin, 'GET', `/v2/images/${id}`)).status, 404)
    assert.deepEqual(locationsOf(await dueIn(api)), [[id, [url]]])
  })

  it('the data of a location that a patch removes waits for the scrubber', async () => {
    await using api = await startApi(options)
    const { image, other } = await storeTwice(api)
    assert.equal((await removeSecond(api, image.id)).status, 200)
    assert.deepEqual(locationsOf(await dueIn(api)), [[image.id, [other.url]]])
    assert.equal(await (await dataOf(api, other.id)).text(), 'second')
  })
})

describe('without delayed_delete', () => {
  it('the data of a location that a patch removes goes at once', async () => {
    await using api = await startApi({ show_multiple_locations: true })
    const { image, other } = await storeTwice(api)
    assert.equal((await removeSecond(api, image.id)).status, 200)
    assert.deepEqual(await dueIn(api), [])
    // An image without its data, as the reference answers it.
    assert.equal((await dataOf(api, other.id)).status, 204)
  })
})
