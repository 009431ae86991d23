import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openSqliteRecords } from '../../src/drivers/cache/sqlite-records.ts'
import { openXattrRecords } from '../../src/drivers/cache/xattr-records.ts'
import { Migrator } from '../../src/drivers/db/migrations/migrator.ts'
import { newestHeads } from '../../src/drivers/db/migrations/revisions.ts'
import { openDatabase, repositoriesOver } from '../../src/drivers/db/open.ts'
import type { CacheRecords, CentralCacheRecords } from '../../src/ports/cache.ts'
import { peers } from '../support/peers.ts'
import { describeCacheRecords, type RecordsFixture } from './cache-records.ts'

const { mariadb, postgres } = await peers('mariadb', 'postgres')

async function withFolder(open: (directory: string) => Promise<CacheRecords>): Promise<RecordsFixture> {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-records-'))
  const records = await open(directory)
  return {
    records,
    addFile: (imageId, sizeBytes) => writeFile(join(directory, imageId), Buffer.alloc(sizeBytes)),
    removeFile: (imageId) => rm(join(directory, imageId), { force: true }),
    async [Symbol.asyncDispose]() {
      await records.close()
      await rm(directory, { recursive: true })
    },
  }
}

/** A database at the newest revision of the reference, and its records of caches. */
async function centralRecords(url: string): Promise<AsyncDisposable & { central: CentralCacheRecords }> {
  const database = await openDatabase(url)
  await new Migrator(database).upgrade(newestHeads.contract)
  const { caches } = repositoriesOver(database)
  assert.ok(caches)
  return { central: caches, [Symbol.asyncDispose]: () => database.close() }
}

async function ofNode(central: CentralCacheRecords, nodeUrl: string): Promise<CacheRecords> {
  const records = await central.ofNode(nodeUrl)
  assert.ok(records)
  return records
}

describeCacheRecords('an SQLite file', () =>
  withFolder(async (directory) => openSqliteRecords(join(directory, 'cache.db'))),
)
describeCacheRecords('extended attributes', () => withFolder(openXattrRecords))

for (const [name, peer] of Object.entries({ SQLite: undefined, MariaDB: mariadb, PostgreSQL: postgres })) {
  const createDatabase = async () => {
    const database = await peer?.createDatabase()
    const opened = await centralRecords(database?.url ?? 'sqlite://')
    return {
      central: opened.central,
      async [Symbol.asyncDispose]() {
        await opened[Symbol.asyncDispose]()
        await database?.drop()
      },
    }
  }

  describeCacheRecords(`the database of all nodes, ${name}`, async () => {
    const database = await createDatabase()
    return {
      records: await ofNode(database.central, 'http://one:9292'),
      addFile: async () => {},
      removeFile: async () => {},
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  })

  describe(`records of several nodes, ${name}`, () => {
    it('keep the nodes apart, and tell which of them have an image', async () => {
      await using database = await createDatabase()
      const one = await ofNode(database.central, 'http://one:9292')
      const two = await ofNode(database.central, 'http://two:9292')
      const again = await ofNode(database.central, 'http://one:9292')
      const imageId = randomUUID()
      const entry = { imageId, sizeBytes: 1, checksum: null, at: new Date() }
      for (const records of [one, two, again]) await records.add(entry)
      assert.deepEqual(await one.nodesOf(imageId), ['http://one:9292', 'http://two:9292'])
      await one.removeAll()
      assert.deepEqual(await again.list(), [])
      assert.equal((await two.list()).length, 1)
      assert.deepEqual(await one.nodesOf(imageId), ['http://two:9292'])
    })
  })
}

describe('records in the database of all nodes', () => {
  it('are not to be had while the database has no tables for them', async () => {
    const database = await openDatabase('sqlite://')
    await new Migrator(database).sync()
    assert.equal(await repositoriesOver(database).caches?.ofNode('http://one:9292'), undefined)
    await database.close()
  })
})
