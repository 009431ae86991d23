import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { hasCode } from '../../src/errors/error.ts'
import type { Repositories } from '../../src/ports/repositories.ts'

/** What the scrubber may rely on. `open` gives repositories over a database of any content. */
export function describeScrub(name: string, open: () => Promise<Repositories>): void {
  describe(`scrubbing on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
    })
    after(() => repositories.close())

    const location = (url: string) => ({ url, metadata: { store: 's' }, status: 'active' })
    const create = () =>
      repositories.images.create({
        id: randomUUID(),
        status: 'active',
        visibility: 'shared',
        owner: 'p',
        properties: { kept: '1' },
        tags: ['t'],
        locations: [location('file:///a'), location('file:///b')],
      })
    const later = () => new Date(Date.now() + 5_000)
    const dueIds = async (before: Date) => (await repositories.scrub.due({ before, limit: 1000 })).map(({ id }) => id)
    const dueOf = async (id: string) => {
      const images = await repositories.scrub.due({ before: later(), limit: 1000 })
      return images.find((image) => image.id === id)?.locations ?? []
    }

    it('finds images in pending_delete with their data, once they are old enough', async () => {
      const [waiting, gone] = [await create(), await create()]
      await repositories.images.delete(waiting.id, { status: 'pending_delete' })
      await repositories.images.delete(gone.id)
      assert.ok(!(await dueIds(new Date(Date.now() - 60_000))).includes(waiting.id))
      assert.ok(!(await dueIds(later())).includes(gone.id))
      const found = await dueOf(waiting.id)
      assert.deepEqual(
        found.map(({ url, metadata }) => ({ url, metadata })),
        [
          { url: 'file:///a', metadata: { store: 's' } },
          { url: 'file:///b', metadata: { store: 's' } },
        ],
      )
    })

    it('gives images page by page', async () => {
      for (let i = 0; i < 3; i += 1) {
        const { id } = await create()
        await repositories.images.delete(id, { status: 'pending_delete' })
      }
      const paged: string[] = []
      for (;;) {
        const after = paged.at(-1)
        const page = await repositories.scrub.due({ before: later(), limit: 2, ...(after && { after }) })
        if (page.length === 0) break
        paged.push(...page.map(({ id }) => id))
      }
      assert.deepEqual(paged, await dueIds(later()))
      assert.ok(paged.length >= 3)
    })

    it('ends in deleted when no data is left, by exactly one of several', async () => {
      const { id } = await create()
      await repositories.images.delete(id, { status: 'pending_delete' })
      const [first, second] = await dueOf(id)
      assert.ok(first && second)
      await repositories.scrub.removed(first.id)
      assert.equal(await repositories.scrub.isDue(first.id), false)
      assert.equal(await repositories.scrub.isDue(second.id), true)
      assert.equal(await repositories.scrub.finish(id), false)
      await repositories.scrub.removed(second.id)
      const ended = await Promise.all([1, 2, 3, 4].map(() => repositories.scrub.finish(id)))
      assert.equal(ended.filter(Boolean).length, 1)
      assert.ok(!(await dueIds(later())).includes(id))
    })

    it('finds data that a living image has given up, beside data that it uses', async () => {
      const { id, locations } = await create()
      const [first] = locations
      assert.ok(first)
      await repositories.images.update(id, { removeLocations: [{ id: first.id, status: 'pending_delete' }] })
      assert.deepEqual(
        (await dueOf(id)).map(({ url }) => url),
        ['file:///a'],
      )
      await repositories.scrub.removed(first.id)
      assert.ok(!(await dueIds(later())).includes(id))
    })

    it('restores an image with all that was deleted together with it', async () => {
      const before = await create()
      const { id } = before
      await repositories.members.create(id, 'friend', 'accepted')
      await repositories.images.delete(id, { status: 'pending_delete' })
      await repositories.scrub.restore(id)
      const image = await repositories.images.get(id)
      assert.ok(image)
      assert.deepEqual({ ...image, updatedAt: before.updatedAt }, before)
      assert.equal((await repositories.members.list(id)).length, 1)
      assert.ok(!(await dueIds(later())).includes(id))
    })

    it('restores no image that is not in pending_delete or has lost its data', async () => {
      await assert.rejects(repositories.scrub.restore(randomUUID()), (error) => hasCode(error, 'image_not_found'))
      const { id } = await create()
      await assert.rejects(repositories.scrub.restore(id), (error) => hasCode(error, 'conflict'))
      await repositories.images.delete(id, { status: 'pending_delete' })
      for (const due of await dueOf(id)) await repositories.scrub.removed(due.id)
      await assert.rejects(repositories.scrub.restore(id), (error) => hasCode(error, 'conflict'))
      assert.equal(await repositories.images.get(id), undefined)
    })
  })
}
