import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { hasCode } from '../../src/errors/error.ts'
import type { Repositories } from '../../src/ports/repositories.ts'
import { describeImageLists } from '../contract/image-lists.ts'
import { describeJobRunner } from '../contract/job-runner.ts'
import { describeJobs } from '../contract/jobs.ts'
import { describeMetadefs } from '../contract/metadefs.ts'
import { describeQuota } from '../contract/quota.ts'
import { describeRepositories } from '../contract/repositories.ts'
import { describeScrub } from '../contract/scrub.ts'
import { describeTasks } from '../contract/tasks.ts'
import { alternating } from '../support/alternating.ts'
import { startGalera } from '../support/galera.ts'
import { until } from '../support/until.ts'

const directory = await mkdtemp(join(tmpdir(), 'galera-'))
const cluster = await startGalera(directory, { size: 2 })
after(async () => {
  await cluster[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

/** Every statement waits until its node has applied what the cluster has committed. */
const pool = { syncWait: 7 }

async function openEach() {
  const [first, ...others] = cluster.nodes
  if (!first) throw new Error('no node')
  const { name, url } = await first.createDatabase()
  const urls = [
    url,
    ...others.map(({ user, password, host, port }) => `mysql+pymysql://${user}:${password}@${host}:${port}/${name}`),
  ]
  const nodes: Repositories[] = []
  for (const connection of urls) {
    // The other nodes learn of the database a moment later.
    await until(async () => {
      try {
        nodes.push(await openRepositories({ connection, pool, createSchema: true }))
        return true
      } catch (error) {
        if (hasCode(error, 'database_unavailable')) return false
        throw error
      }
    })
  }
  return nodes
}

const open = async () => alternating(await openEach())

for (const describeOne of [
  describeRepositories,
  describeImageLists,
  describeTasks,
  describeScrub,
  describeJobs,
  describeMetadefs,
  describeJobRunner,
  describeQuota,
])
  describeOne('two nodes of Galera in turn', open)

describe('two nodes of Galera at once', () => {
  let nodes: Repositories[]
  before(async () => {
    nodes = await openEach()
  })
  after(async () => {
    for (const node of nodes) await node.close()
  })
  const createImage = () =>
    (nodes[0] as Repositories).images.create({ id: randomUUID(), status: 'active', visibility: 'shared' })
  const onEach = <T>(work: (node: Repositories) => Promise<T>) => Promise.allSettled(nodes.map(work))

  it('give an image one membership of a project', async () => {
    for (let i = 0; i < 20; i++) {
      const { id } = await createImage()
      const outcomes = await onEach(({ members }) => members.create(id, 'project', 'pending'))
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
      for (const { members } of nodes) assert.equal((await members.list(id)).length, 1)
    }
  })

  it('give an image a tag once', async () => {
    for (let i = 0; i < 20; i++) {
      const { id } = await createImage()
      for (const { status } of await onEach(({ images }) => images.addTag(id, 'tag'))) assert.equal(status, 'fulfilled')
      for (const { images } of nodes) assert.deepEqual((await images.get(id))?.tags, ['tag'])
    }
  })

  it('leave an image its last location', async () => {
    for (let i = 0; i < 20; i++) {
      const location = (url: string) => ({ url, metadata: {}, status: 'active' })
      const { id, locations } = await (nodes[0] as Repositories).images.create({
        ...{ id: randomUUID(), status: 'active', visibility: 'shared' },
        locations: [location('file:///a'), location('file:///b')],
      })
      const outcomes = await Promise.allSettled(
        nodes.map(({ images }, index) => {
          const removeLocations = [{ id: locations[index]?.id as number, status: 'deleted' }] as const
          return images.update(id, { removeLocations }, { keepsLocation: true })
        }),
      )
      assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    }
  })
})
