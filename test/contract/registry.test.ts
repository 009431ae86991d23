import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Migrator } from '../../src/drivers/db/migrations/migrator.ts'
import { newestHeads } from '../../src/drivers/db/migrations/revisions.ts'
import { openDatabase, openRepositories, repositoriesOver } from '../../src/drivers/db/open.ts'
import { throughRegistry } from '../support/registry.ts'
import { describeAllRepositories } from './all-repositories.ts'

describeAllRepositories('a registry', async () =>
  throughRegistry(await openRepositories({ connection: 'sqlite://', createSchema: true })),
)

it('a registry keeps the accounts of the caches of all nodes', async (t) => {
  const database = await openDatabase('sqlite://')
  const { caches, close } = await throughRegistry(repositoriesOver(database))
  t.after(close)
  assert.equal(await caches?.ofNode('http://one'), undefined)
  await new Migrator(database).upgrade(newestHeads.contract)
  const [one, two] = [await caches?.ofNode('http://one'), await caches?.ofNode('http://two')]
  assert.ok(one && two)
  const at = new Date('2026-01-01T00:00:00Z')
  for (const node of [one, two]) await node.add({ imageId: 'i', sizeBytes: 5, checksum: null, at })
  await one.hit('i', { count: 3, at: new Date('2026-01-02T00:00:00Z') })
  assert.deepEqual([(await one.get('i'))?.hits, (await two.get('i'))?.hits], [3, 0])
  assert.deepEqual((await one.get('i'))?.lastAccessed, new Date('2026-01-02T00:00:00Z'))
  assert.deepEqual((await two.nodesOf('i'))?.sort(), ['http://one', 'http://two'])
  await one.remove('i')
  assert.deepEqual([await one.list(), (await two.list()).length], [[], 1])
  await two.removeAll()
  assert.deepEqual(await two.list(), [])
})
