import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { hasCode } from '../../src/errors/error.ts'
import type { ImageQuery, NewImage, RangeColumn, Repositories, Viewer } from '../../src/ports/repositories.ts'

export const newestFirst: ImageQuery['sort'] = [
  { key: 'created_at', direction: 'desc' },
  { key: 'id', direction: 'desc' },
]

/** What lists of images promise. `open` gives repositories over an empty database. */
export function describeImageLists(name: string, open: () => Promise<Repositories>): void {
  describe(`lists of images on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
    })
    after(() => repositories.close())

    const create = (values: Partial<NewImage> = {}) =>
      repositories.images.create({ id: randomUUID(), status: 'queued', visibility: 'shared', ...values })
    const listIds = async (viewer: Viewer, query: Partial<ImageQuery> = {}) =>
      (await repositories.images.list({ viewer, sort: newestFirst, limit: 100, ...query })).map(({ id }) => id)

    it('shows a project its own, public and shared images, and community ones when asked', async () => {
      const [me, other] = [randomUUID(), randomUUID()]
      const viewer = { projectId: me, isAdmin: false }
      const own = await create({ owner: me, visibility: 'private' })
      const ownCommunity = await create({ owner: me, visibility: 'community' })
      const open = await create({ owner: other, visibility: 'public' })
      const community = await create({ owner: other, visibility: 'community' })
      const closed = await create({ owner: other, visibility: 'private' })
      const accepted = await create({ owner: other, visibility: 'shared' })
      const pending = await create({ owner: other, visibility: 'shared' })
      await repositories.members.create(accepted.id, me, 'accepted')
      await repositories.members.create(pending.id, me, 'pending')
      const made = [own, ownCommunity, open, community, closed, accepted, pending].map(({ id }) => id)
      const seen = async (who: Viewer, query: Partial<ImageQuery> = {}) =>
        (await listIds(who, { id: made, ...query })).sort()
      const ids = (...images: { id: string }[]) => images.map(({ id }) => id).sort()

      assert.deepEqual(await seen(viewer), ids(own, ownCommunity, open, accepted))
      assert.deepEqual(await seen(viewer, { memberStatus: 'all' }), ids(own, ownCommunity, open, accepted, pending))
      assert.deepEqual(await seen(viewer, { visibility: 'shared', memberStatus: 'pending' }), ids(pending))
      assert.deepEqual(await seen(viewer, { visibility: 'community' }), ids(ownCommunity, community))
      assert.deepEqual(await seen(viewer, { visibility: 'private' }), ids(own))
      assert.deepEqual(await seen(viewer, { visibility: 'all' }), ids(own, ownCommunity, open, community, accepted))
      assert.deepEqual(await seen({ projectId: null, isAdmin: false }), ids(open))
      assert.deepEqual(
        await seen({ projectId: me, isAdmin: true }),
        ids(own, ownCommunity, open, closed, accepted, pending),
      )
      assert.deepEqual(await seen({ projectId: me, isAdmin: true }, { visibility: 'all' }), [...made].sort())
    })

    it('filters by every kind of condition', async () => {
      const owner = randomUUID()
      const viewer = { projectId: owner, isAdmin: false }
      const small = await create({ owner, name: 'a', sizeBytes: 10, tags: ['x', 'y'], properties: { os: 'l' } })
      const numbers = { sizeBytes: 1000, virtualSizeBytes: 2 ** 40, minDiskGib: 5, minRamMib: 64 }
      const large = await create({ owner, name: 'b', ...numbers, osHidden: true, tags: ['x'], protected: true })
      const hits = async (query: Partial<ImageQuery>) => (await listIds(viewer, { owner, ...query })).sort()

      assert.deepEqual(await hits({ name: ['a', 'c'] }), [small.id])
      assert.deepEqual(await hits({ name: [] }), [])
      const bounded = (column: RangeColumn, op: 'gte' | 'lte', bound: number) =>
        hits({ ranges: [{ column, op, bound }] })
      assert.deepEqual(await bounded('size', 'gte', 11), [large.id])
      assert.deepEqual(await bounded('size', 'lte', 10), [small.id])
      assert.deepEqual(await bounded('virtual_size', 'lte', 2 ** 40), [large.id])
      assert.deepEqual(await bounded('min_disk', 'gte', 5), [large.id])
      assert.deepEqual(await bounded('min_ram', 'lte', 63), [small.id])
      assert.deepEqual(await bounded('min_ram', 'lte', 2 ** 31 - 1), [small.id, large.id].sort())
      assert.deepEqual(await bounded('size', 'lte', Number.MAX_SAFE_INTEGER), [small.id, large.id].sort())
      assert.deepEqual(await hits({ tags: ['x', 'y'] }), [small.id])
      assert.deepEqual(await hits({ tags: ['x'] }), [small.id, large.id].sort())
      assert.deepEqual(await hits({ properties: { os: 'l' } }), [small.id])
      assert.deepEqual(await hits({ osHidden: false }), [small.id])
      assert.deepEqual(await hits({ protected: true }), [large.id])
      assert.deepEqual(await hits({ status: ['active'] }), [])
      const future = new Date(Date.now() + 60_000)
      assert.deepEqual(await hits({ times: [{ column: 'created_at', op: 'gt', at: future }] }), [])
      assert.equal((await hits({ times: [{ column: 'updated_at', op: 'lte', at: future }] })).length, 2)
      assert.deepEqual(
        await hits({ times: [{ column: 'created_at', op: 'neq', at: small.createdAt }], name: ['a'] }),
        [],
      )
    })

    for (const key of ['created_at', 'name', 'size', 'disk_format'] as const) {
      for (const direction of ['asc', 'desc'] as const) {
        it(`pages by ${key} ${direction} through all images, each once`, async () => {
          const owner = randomUUID()
          const made = []
          for (const [i, value] of ['b', null, 'a', 'b', null, 'c', 'a'].entries()) {
            const visibility = i % 2 ? 'public' : 'private'
            const sizeBytes = value === null ? null : value.charCodeAt(0)
            made.push(await create({ owner, name: value, diskFormat: value, sizeBytes, visibility, osHidden: false }))
          }
          const tail: ImageQuery['sort'] = [
            { key: 'created_at', direction },
            { key: 'id', direction },
          ]
          const sort = key === 'created_at' ? tail : [{ key, direction }, ...tail]
          for (const viewer of [
            { projectId: owner, isAdmin: false },
            { projectId: owner, isAdmin: true },
          ]) {
            const query = { sort, owner, osHidden: false }
            const whole = await listIds(viewer, query)
            assert.deepEqual([...whole].sort(), made.map(({ id }) => id).sort())
            const paged: string[] = []
            for (;;) {
              const marker = paged.at(-1)
              const page = await listIds(viewer, { ...query, limit: 2, ...(marker === undefined ? {} : { marker }) })
              if (page.length === 0) break
              paged.push(...page)
            }
            assert.deepEqual(paged, whole)
          }
        })
      }
    }

    it('knows no marker that the viewer cannot see', async () => {
      const { id } = await create({ owner: randomUUID(), visibility: 'private' })
      const viewer = { projectId: randomUUID(), isAdmin: false }
      await assert.rejects(listIds(viewer, { marker: id }), (error) => hasCode(error, 'marker_not_found'))
      await assert.rejects(listIds(viewer, { marker: 'none' }), (error) => hasCode(error, 'marker_not_found'))
    })
  })
}
