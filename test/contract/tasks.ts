import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Repositories } from '../../src/ports/repositories.ts'
import type { NewTask, TaskQuery } from '../../src/ports/tasks.ts'

const hourMs = 3_600_000
const fromNow = (ms: number) => new Date(Math.floor((Date.now() + ms) / 1000) * 1000)

/** What every repository of tasks promises. `open` gives repositories over a database of any content. */
export function describeTasks(name: string, open: () => Promise<Repositories>): void {
  describe(`tasks on ${name}`, () => {
    let repositories: Repositories
    before(async () => {
      repositories = await open()
    })
    after(() => repositories.close())

    const create = (values: Partial<NewTask> = {}) =>
      repositories.tasks.create({
        id: randomUUID(),
        type: 'import',
        status: 'pending',
        owner: 'nobody',
        input: null,
        result: null,
        message: null,
        imageId: null,
        requestId: null,
        userId: null,
        expiresAt: null,
        ...values,
      })
    const listIds = async (query: Partial<TaskQuery>) => {
      const all = { filters: { texts: {}, times: {} }, sortKey: 'created_at', direction: 'desc', limit: 100 } as const
      return (await repositories.tasks.list({ ...all, ...query })).map(({ id }) => id)
    }

    it('gives back a task as it was created', async () => {
      const task = await create({
        status: 'failure',
        input: { import_from: 'http://x/ü', list: [1, { deep: null }] },
        result: { image_id: 'i' },
        message: 'it\n"failed"',
        imageId: 'i',
        requestId: 'req-1',
        userId: 'u',
        expiresAt: fromNow(hourMs),
      })
      assert.deepEqual(await repositories.tasks.get(task.id), task)
      const { input: _input, result: _result, message: _message, ...stub } = task
      const page = {
        filters: { texts: { id: task.id }, times: {} },
        sortKey: 'id',
        direction: 'asc',
        limit: 1,
      } as const
      assert.deepEqual(await repositories.tasks.list(page), [stub])
    })

    it('knows no task that was never created', async () => {
      assert.equal(await repositories.tasks.get(randomUUID()), undefined)
    })

    it('filters by project, text and time', async () => {
      const [mine, other] = [randomUUID(), randomUUID()]
      const expiresAt = fromNow(hourMs)
      const task = await create({ owner: mine, status: 'success', expiresAt })
      await create({ owner: other, status: 'success' })
      assert.deepEqual(await listIds({ ownedBy: mine }), [task.id])
      assert.deepEqual(await listIds({ ownedBy: mine, filters: { texts: { status: 'failure' }, times: {} } }), [])
      assert.deepEqual(await listIds({ filters: { texts: { owner: mine }, times: { expires_at: expiresAt } } }), [
        task.id,
      ])
      const later = fromNow(2 * hourMs)
      assert.deepEqual(await listIds({ filters: { texts: { owner: mine }, times: { expires_at: later } } }), [])
    })

    for (const sortKey of ['created_at', 'status', 'expires_at', 'image_id', 'deleted'] as const) {
      for (const direction of ['asc', 'desc'] as const) {
        it(`pages by ${sortKey} ${direction} through all tasks, each once, NULL as the least value`, async () => {
          const owner = randomUUID()
          for (const imageId of ['b', null, 'a', 'b', null]) {
            const expiresAt = imageId === null ? null : fromNow(hourMs * imageId.charCodeAt(0))
            await create({ owner, imageId, expiresAt, status: imageId === 'b' ? 'success' : 'pending' })
          }
          const query = { ownedBy: owner, sortKey, direction }
          const whole = await listIds(query)
          assert.equal(new Set(whole).size, 5)
          const paged: string[] = []
          for (;;) {
            const marker = paged.at(-1)
            const page = await listIds({ ...query, limit: 2, ...(marker === undefined ? {} : { marker }) })
            if (page.length === 0) break
            paged.push(...page)
          }
          assert.deepEqual(paged, whole)
          if (sortKey !== 'image_id') return
          const seen = await Promise.all(whole.map(async (id) => (await repositories.tasks.get(id))?.imageId))
          const ascending = [null, null, 'a', 'b', 'b']
          assert.deepEqual(seen, direction === 'asc' ? ascending : ascending.toReversed())
        })
      }
    }

    it('hides the expired tasks of one project once they are soft-deleted', async () => {
      const [owner, other] = [randomUUID(), randomUUID()]
      const expired = await create({ owner, status: 'failure', expiresAt: fromNow(-hourMs) })
      const living = await create({ owner, status: 'success', expiresAt: fromNow(hourMs) })
      const foreign = await create({ owner: other, status: 'failure', expiresAt: fromNow(-hourMs) })
      assert.equal(await repositories.tasks.expire(owner), 1)
      assert.equal(await repositories.tasks.expire(owner), 0)
      assert.deepEqual(await listIds({ ownedBy: owner }), [living.id])
      assert.equal(await repositories.tasks.get(expired.id), undefined)
      assert.deepEqual(await listIds({ ownedBy: other }), [foreign.id])
    })

    it('changes a task until it has ended', async () => {
      const task = await create({ owner: 'p', input: { a: 1 } })
      const expiresAt = fromNow(hourMs)
      const end = { status: 'success', result: { image_id: 'i' }, message: 'done', expiresAt } as const
      assert.equal(await repositories.tasks.update(task.id, { status: 'processing' }), true)
      assert.equal(await repositories.tasks.update(task.id, end), true)
      assert.equal(await repositories.tasks.update(task.id, { status: 'failure' }), false)
      const { updatedAt: _updatedAt, ...changed } = (await repositories.tasks.get(task.id)) ?? task
      const { updatedAt: _before, ...before } = task
      assert.deepEqual(changed, { ...before, ...end })
      assert.equal(await repositories.tasks.update(randomUUID(), end), false)
    })

    it('lists the tasks of an image without expired ones', async () => {
      const imageId = randomUUID()
      const pending = await create({ imageId, input: { a: 1 } })
      await create({ imageId, status: 'failure', expiresAt: fromNow(-hourMs) })
      await create({ imageId: randomUUID() })
      assert.deepEqual(await repositories.tasks.listByImage(imageId), [pending])
    })

    it('changes a task until it has ended', async () => {
      const task = await create({ input: { a: 1 } })
      const { tasks } = repositories
      assert.equal(await tasks.update(task.id, { status: 'processing' }), true)
      assert.equal(await tasks.update(task.id, { status: 'processing' }), true)
      const { updatedAt: _before, ...begun } = { ...task, status: 'processing' }
      const { updatedAt: _at, ...now } = (await tasks.get(task.id)) ?? task
      assert.deepEqual(now, begun)
      const end = { status: 'failure', message: 'why', result: { image_id: 'i' }, expiresAt: fromNow(hourMs) } as const
      assert.equal(await tasks.update(task.id, end), true)
      const { updatedAt: _end, ...ended } = (await tasks.get(task.id)) ?? task
      assert.deepEqual(ended, { ...begun, ...end })
      assert.equal(await tasks.update(task.id, { status: 'success', message: 'no' }), false)
      assert.equal((await tasks.get(task.id))?.message, 'why')
      assert.equal(await tasks.update(randomUUID(), { status: 'success' }), false)
    })
  })
}
