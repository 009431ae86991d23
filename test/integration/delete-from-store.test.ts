import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, it } from 'node:test'
import { StoreSet } from '../../src/domain/data/store-set.ts'
import { DeleteFromStore } from '../../src/domain/images/delete-from-store.ts'
import { ImageFinder } from '../../src/domain/images/find.ts'
import { ImageAccess } from '../../src/domain/policy/image-access.ts'
import { Policy } from '../../src/domain/policy/policy.ts'
import { openRepositories } from '../../src/drivers/db/open.ts'
import type { ErrorCode } from '../../src/errors/catalog.ts'
import { GlimpseError, hasCode } from '../../src/errors/error.ts'
import type { RequestContext } from '../../src/ports/context.ts'
import type { ImageStatus } from '../../src/ports/image.ts'
import type { Logger } from '../../src/ports/logger.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import { MemoryStore } from '../support/memory-store.ts'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const owner: RequestContext = {
  requestId: 'req-1',
  userId: 'u',
  projectId: 'p1',
  userDomainId: 'default',
  projectDomainId: 'default',
  domainId: null,
  roles: ['member'],
  isAdmin: false,
  systemScope: null,
  serviceRoles: [],
  token: null,
}

/** A store whose data may be in use. */
class BusyStore extends MemoryStore {
  busy = false

  override async delete(url: string): Promise<void> {
    if (this.busy) throw new GlimpseError('blob_in_use', { key: url })
    return super.delete(url)
  }
}

describe('deleting data from one of several stores', () => {
  let repositories: Repositories
  let stores: Record<'one' | 'two', BusyStore>
  let remove: DeleteFromStore
  let removeLater: DeleteFromStore
  before(async () => {
    repositories = await openRepositories({ connection: 'sqlite://', createSchema: true })
  })
  after(() => repositories.close())
  beforeEach(() => {
    stores = { one: new BusyStore('one'), two: new BusyStore('two') }
    const entry = { type: 'memory', properties: {}, description: null, weight: 0, reserved: false }
    const access = new ImageAccess(
      new Policy({ enforceNewDefaults: false, enforceScope: false, defaultRule: 'default' }),
    )
    const options = {
      finder: new ImageFinder(repositories, access),
      access,
      scrub: repositories.scrub,
      stores: new StoreSet(
        Object.values(stores).map((store) => ({ store, ...entry })),
        { defaultId: 'one', multiple: true },
      ),
      log: quiet,
    }
    remove = new DeleteFromStore(repositories.images, { ...options, delayed: false })
    removeLater = new DeleteFromStore(repositories.images, { ...options, delayed: true })
  })

  const create = async (ids: readonly ('one' | 'two')[], status: ImageStatus = 'active') => {
    const id = randomUUID()
    for (const store of ids) stores[store].blobs.set(id, Buffer.from('data'))
    const locations = ids.map((store) => ({ url: `memory://${id}`, metadata: { store }, status: 'active' }))
    await repositories.images.create({ id, status, visibility: 'shared', owner: 'p1', locations })
    return id
  }
  const storesOf = async (id: string) =>
    (await repositories.images.get(id))?.locations.map(({ metadata }) => metadata.store)
  const refuses = (code: ErrorCode, storeId: string, imageId: string, context = owner) =>
    assert.rejects(remove.run(context, { storeId, imageId }), (error) => hasCode(error, code))
  const due = async (id: string) =>
    (await repositories.scrub.due({ before: new Date(Date.now() + 5000), limit: 1000 })).some(
      (image) => image.id === id,
    )

  it('removes the data and the location', async () => {
    const id = await create(['one', 'two'])
    await remove.run(owner, { storeId: 'one', imageId: id })
    assert.deepEqual(await storesOf(id), ['two'])
    assert.deepEqual([stores.one.blobs.has(id), stores.two.blobs.has(id)], [false, true])
    assert.equal(await due(id), false)
  })

  it('leaves the data to the scrubber with delayed_delete', async () => {
    const id = await create(['one', 'two'])
    await removeLater.run(owner, { storeId: 'one', imageId: id })
    assert.deepEqual(await storesOf(id), ['two'])
    assert.equal(stores.one.blobs.has(id), true)
    assert.equal(await due(id), true)
  })

  it('counts data that is gone already as removed', async () => {
    const id = await create(['one', 'two'])
    stores.one.blobs.delete(id)
    await remove.run(owner, { storeId: 'one', imageId: id })
    assert.deepEqual(await storesOf(id), ['two'])
  })

  it('refuses what cannot be: an unknown store or image, the last data, data that is elsewhere or not active', async () => {
    const id = await create(['one'])
    await refuses('conflict', 'three', id)
    await refuses('image_not_found', 'one', randomUUID())
    await refuses('image_not_found', 'one', id, { ...owner, projectId: 'p2' })
    await refuses('location_last', 'one', id)
    await refuses('location_last', 'two', id)
    await refuses('conflict', 'one', await create(['one', 'two'], 'deactivated'))
    const twice = await create(['one', 'one'])
    await refuses('not_found', 'two', twice)
    assert.equal(stores.one.blobs.has(id), true)
  })

  it('gives the location back when the store keeps the data', async () => {
    const id = await create(['one', 'two'])
    stores.one.busy = true
    await refuses('blob_in_use', 'one', id)
    assert.deepEqual((await storesOf(id))?.sort(), ['one', 'two'])
    assert.equal(stores.one.blobs.has(id), true)
    assert.equal(await due(id), false)
  })

  it('leaves one location when all are deleted at the same time', async () => {
    for (let round = 0; round < 20; round += 1) {
      const id = await create(['one', 'two'])
      const ends = await Promise.allSettled(
        (['one', 'two'] as const).map((storeId) => remove.run(owner, { storeId, imageId: id })),
      )
      assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1)
      const [left] = (await storesOf(id)) as ['one' | 'two']
      assert.equal(stores[left].blobs.has(id), true)
    }
  })
})
