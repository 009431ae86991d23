import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { type ApiServer, startApi } from '../support/api-server.ts'
import { operations } from './operations.ts'
import { World } from './world.ts'

describe('random operations of several users', () => {
  let api: ApiServer
  const worlds: World[] = []
  before(async () => {
    api = await startApi({}, { enforceNewDefaults: true })
  })
  after(() => api[Symbol.asyncDispose]())

  it('are answered as a model of the service answers them', async () => {
    await fc.assert(
      fc.asyncProperty(operations, async (steps) => {
        const world = new World(api, String(worlds.length))
        worlds.push(world)
        for (const step of steps) await world.carryOut(step)
      }),
      { numRuns: 200, interruptAfterTimeLimit: 30_000, markInterruptAsFailure: false },
    )
  })

  it('leave one file for each image with data, and no other', async () => {
    const alive = worlds.flatMap(({ images }) => images).filter(({ deleted, data }) => !deleted && data !== null)
    assert.ok(alive.length > 10, 'the operations made images')
    assert.deepEqual((await readdir(api.folder)).sort(), alive.map(({ id }) => id).sort())
  })

  it('leave storage usage that equals the sum of the images of each project', async () => {
    for (const world of worlds) {
      for (const owner of ['a', 'b', 'ops']) {
        const own = world.images.filter((image) => image.owner === owner && !image.deleted)
        const bytes = own.reduce((sum, { data }) => sum + (data?.length ?? 0), 0)
        const usage = await api.repositories.quota.usage(world.project(owner), ['image_size_total'])
        assert.equal(usage.image_size_total, bytes)
      }
    }
  })

  it('log no error', () => {
    assert.deepEqual(
      api.lines.filter(({ level }) => level === 'error'),
      [],
    )
  })
})
