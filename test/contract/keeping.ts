import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { purgedTables } from '../../src/ports/reap.ts'
import type { Repositories } from '../../src/ports/repositories.ts'

const all = { from: '', to: null } as const

/** What the auditor and the reaper may rely on. `open` gives repositories over a database of any content. */
export function describeKeeping(name: string, open: () => Promise<Repositories>): void {
  describe(`what auditor and reaper ask of ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
    })
    after(() => repositories.close())

    const create = (urls: readonly string[], owner = 'p') =>
      repositories.images.create({
        ...{ id: randomUUID(), status: 'active', visibility: 'shared', owner },
        ...{ properties: { kept: '1' }, tags: ['t'] },
        locations: urls.map((url) => ({ url, metadata: { store: 's' }, status: 'active' })),
      })
    const later = () => new Date(Date.now() + 5_000)

    it('tells what became of images', async () => {
      const [living, deleted, waiting] = [await create([]), await create([]), await create(['file:///w'])]
      await repositories.images.delete(deleted.id)
      await repositories.images.delete(waiting.id, { status: 'pending_delete' })
      const fates = await repositories.audit.fates([living, deleted, waiting].map(({ id }) => id).concat(randomUUID()))
      assert.equal(fates.size, 3)
      assert.deepEqual([fates.get(living.id)?.isDeleted, fates.get(living.id)?.deletedAt], [false, null])
      assert.deepEqual([fates.get(deleted.id)?.isDeleted, fates.get(deleted.id)?.status], [true, 'deleted'])
      assert.ok(Math.abs((fates.get(waiting.id)?.deletedAt?.getTime() ?? 0) - Date.now()) < 60_000)
      assert.equal((await repositories.audit.fates([])).size, 0)
    })

    it('gives locations whose data is there, or waits for the scrubber', async () => {
      const [living, deleted, waiting] = [
        await create(['file:///a', 'file:///b']),
        await create(['file:///c']),
        await create(['file:///d']),
      ]
      await repositories.images.delete(deleted.id)
      await repositories.images.delete(waiting.id, { status: 'pending_delete' })
      const ids = [living, deleted, waiting].map(({ id }) => id)
      const found = await repositories.audit.locationsOf(ids)
      assert.deepEqual(
        found.map(({ url, metadata }) => [url, metadata]),
        ['a', 'b', 'd'].map((path) => [`file:///${path}`, { store: 's' }]),
      )
      const paged: string[] = []
      for (let after = 0; ; ) {
        const page = await repositories.audit.locations({ after, limit: 2 })
        if (page.length === 0) break
        paged.push(...page.filter(({ imageId }) => ids.includes(imageId)).map(({ url }) => url))
        after = page.at(-1)?.id ?? 0
      }
      assert.deepEqual(paged, ['file:///a', 'file:///b', 'file:///d'])
    })

    it('drops locations of deleted images, and of no others', async () => {
      const image = await create(['file:///x'])
      const location = image.locations[0]?.id ?? 0
      assert.equal(await repositories.audit.dropLocation(location), false)
      const page = await repositories.audit.locationsOfDeleted(all, { after: 0, limit: 10 })
      assert.ok(page.every(({ imageId }) => imageId !== image.id))
    })

    it('purges rows in batches, but none that the scrubber needs, and no image with rows left', async () => {
      const [deleted, waiting] = [await create(['file:///1']), await create(['file:///2'])]
      await repositories.images.delete(deleted.id)
      await repositories.images.delete(waiting.id, { status: 'pending_delete' })
      const { reap, audit } = repositories
      assert.equal(await reap.countPurgeable('image_tags', { before: new Date(Date.now() - 3_600_000) }), 0)
      assert.equal(await reap.purge('images', { before: later(), limit: 100 }), 0)
      for (const table of purgedTables) {
        const count = await reap.countPurgeable(table, { before: later() })
        if (count > 1) assert.equal(await reap.purge(table, { before: later(), limit: 1 }), 1)
        const removed = await reap.purge(table, { before: later(), limit: 1000 })
        assert.equal(removed, count > 1 ? count - 1 : count)
      }
      assert.deepEqual([...(await audit.fates([deleted.id, waiting.id])).keys()], [waiting.id])
      assert.equal((await audit.locationsOf([waiting.id])).length, 1)
    })

    it('soft-deletes expired tasks of all projects, so many at a time', async () => {
      const task = (owner: string, expiresAt: Date | null) =>
        repositories.tasks.create({
          ...{ id: randomUUID(), type: 'import', status: 'success', owner, imageId: null, requestId: null },
          ...{ userId: null, input: {}, result: null, message: null, expiresAt },
        })
      const past = new Date(Date.now() - 60_000)
      const expired = [await task('a', past), await task('b', past), await task('b', past)]
      const living = [await task('a', null), await task('a', new Date(Date.now() + 3_600_000))]
      const { reap, tasks } = repositories
      assert.equal(await reap.countExpiredTasks(), 3)
      assert.deepEqual([await reap.expireTasks({ limit: 2 }), await reap.expireTasks({ limit: 2 })], [2, 1])
      for (const { id } of expired) assert.equal(await tasks.get(id), undefined)
      for (const { id } of living) assert.ok(await tasks.get(id))
    })

    it('lists owners of living images, each once', async () => {
      for (const owner of ['owner-b', 'owner-a', 'owner-b', 'owner-c']) await create([], owner)
      const first = await repositories.reap.owners({ after: 'owner-', limit: 2 })
      const rest = await repositories.reap.owners({ after: first.at(-1) ?? '', limit: 1 })
      assert.deepEqual([...first, ...rest], ['owner-a', 'owner-b', 'owner-c'])
    })

    it('scrubs within a stretch of ids', async () => {
      const ids = ['1', '8', 'f'].map((start) => start + randomUUID().slice(1))
      for (const id of ids) {
        const locations = [{ url: `file:///${id}`, metadata: {}, status: 'active' }]
        await repositories.images.create({ id, status: 'active', visibility: 'shared', locations })
        await repositories.images.delete(id, { status: 'pending_delete' })
      }
      const due = await repositories.scrub.due({ before: later(), range: { from: '8', to: '9' }, limit: 1000 })
      assert.deepEqual(
        due.map(({ id }) => id).filter((id) => ids.includes(id)),
        [ids[1]],
      )
    })

    it('removes reservations that nobody keeps alive', async () => {
      await repositories.prepare()
      const claim = { resource: 'image_size_total', amount: 1, maximum: 100, mayExceed: false } as const
      const reserve = (owner: string, lifetimeMs: number) =>
        repositories.quota.reserve({ id: randomUUID(), owner, holder: randomUUID(), claims: [claim], lifetimeMs })
      await reserve('dead', -600_000)
      await reserve('living', 600_000)
      assert.equal(await repositories.quota.removeExpired(), 1)
      assert.equal(await repositories.quota.removeExpired(), 0)
    })
  })
}
