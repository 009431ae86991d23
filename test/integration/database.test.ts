import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { awaitDatabase } from '../../src/drivers/db/await-database.ts'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { GlimpseError, hasCode } from '../../src/errors/error.ts'
import type { ImageQuery, Repositories } from '../../src/ports/repositories.ts'
import type { DatabasePeer, TestDatabase } from '../support/databases.ts'
import { glimpse, manage } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const { mariadb, postgres } = await peers('mariadb', 'postgres')
const unavailable = (error: unknown): boolean => hasCode(error, 'database_unavailable')
const page: ImageQuery = {
  viewer: { projectId: 'p', isAdmin: false },
  osHidden: false,
  sort: [
    { key: 'created_at', direction: 'desc' },
    { key: 'id', direction: 'desc' },
  ],
  limit: 10,
}

async function databaseFor(t: TestContext, peer: DatabasePeer): Promise<TestDatabase> {
  const database = await peer.createDatabase()
  t.after(() => database.drop())
  await (await openRepositories({ connection: database.url, createSchema: true })).close()
  return database
}

async function open(t: TestContext, options: Parameters<typeof openRepositories>[0]): Promise<Repositories> {
  const repositories = await openRepositories(options)
  t.after(() => repositories.close())
  return repositories
}

function createOne(repositories: Repositories): Promise<{ id: string }> {
  return repositories.images.create({
    id: randomUUID(),
    status: 'queued',
    visibility: 'public',
    tags: ['t'],
    owner: 'p',
  })
}

for (const [name, peer] of Object.entries({ MariaDB: mariadb, PostgreSQL: postgres })) {
  describe(`a connection to ${name}`, () => {
    const behindProxy = async (t: TestContext, pool: { statementTimeoutMs?: number; maxAgeMs?: number } = {}) => {
      const database = await databaseFor(t, peer)
      const proxy = await startTcpProxy(peer)
      t.after(() => proxy[Symbol.asyncDispose]())
      const connection = database.url.replace(`:${peer.port}/`, `:${proxy.port}/`)
      const bounds = { connectTimeoutMs: 500, acquireTimeoutMs: 500, maxConnections: 2 }
      return { proxy, database, repositories: await open(t, { connection, pool: { ...bounds, ...pool } }) }
    }

    it('is made anew when it was lost while idle, unnoticed by the caller', async (t) => {
      const { proxy, repositories } = await behindProxy(t)
      const { id } = await createOne(repositories)
      proxy.cut()
      assert.equal((await repositories.images.get(id))?.id, id)
      proxy.cut()
      assert.ok((await createOne(repositories)).id)
    })

    it('fails in bounded time when the server hangs, and recovers with it', async (t) => {
      const { proxy, repositories } = await behindProxy(t, { statementTimeoutMs: 500 })
      const { id } = await createOne(repositories)
      proxy.hang()
      const startedAt = performance.now()
      await assert.rejects(repositories.images.get(id), unavailable)
      await assert.rejects(createOne(repositories), unavailable)
      await assert.rejects(repositories.ping(), unavailable)
      assert.ok(performance.now() - startedAt < 5_000)
      proxy.resume()
      await until(async () => (await repositories.images.get(id).catch(() => undefined)) !== undefined)
      assert.ok((await createOne(repositories)).id)
    })

    it('fails at once when the server is gone', async (t) => {
      const { proxy, repositories } = await behindProxy(t)
      await repositories.ping()
      await proxy[Symbol.asyncDispose]()
      await assert.rejects(repositories.ping(), unavailable)
    })

    it('is replaced when it is older than its greatest age', async (t) => {
      const { repositories, database } = await behindProxy(t, { maxAgeMs: 1 })
      const ids = new Set<number>()
      const sessionOf = name === 'MariaDB' ? 'information_schema.processlist' : 'pg_stat_activity'
      const column = name === 'MariaDB' ? 'id' : 'pid'
      const schema = name === 'MariaDB' ? 'db' : 'datname'
      await until(async () => {
        await repositories.ping()
        const sql = `select ${column} as id from ${sessionOf} where ${schema} = '${database.name}'`
        for (const { id } of await database.query<{ id: number }>(sql)) ids.add(Number(id))
        return ids.size > 4
      })
    })
  })

  it(`glance-manage db purge removes what was deleted long ago on ${name}`, async (t) => {
    const database = await databaseFor(t, peer)
    const repositories = await open(t, { connection: database.url })
    const directory = await mkdtemp(join(tmpdir(), 'purge-'))
    t.after(() => rm(directory, { recursive: true }))
    const configPath = join(directory, 'glance-manage.conf')
    await writeFile(configPath, `[database]\nconnection = ${database.url}\n`)
    const purge = (...args: string[]) => manage(glimpse, [configPath], ['db', ...args])
    const count = async (table: string) =>
      Number((await database.query<{ n: number }>(`select count(*) as n from ${table}`))[0]?.n)

    const old = [await createOne(repositories), await createOne(repositories), await createOne(repositories)]
    const [fresh, live] = [await createOne(repositories), await createOne(repositories)]
    for (const { id } of [...old, fresh]) await repositories.images.delete(id)
    for (const table of ['images', 'image_tags']) {
      const [key, ids] = [table === 'images' ? 'id' : 'image_id', old.map(({ id }) => `'${id}'`).join()]
      await database.query(`update ${table} set deleted_at = '2020-01-01 00:00:00' where ${key} in (${ids})`)
    }

    await purge('purge', '--age_in_days', '10', '--max_rows', '2')
    assert.deepEqual([await count('image_tags'), await count('images')], [3, 5])
    await purge('purge', '--max_rows', '-1')
    assert.deepEqual([await count('image_tags'), await count('images')], [2, 5])
    await purge('purge_images_table', '--age_in_days', '10')
    assert.deepEqual([await count('image_tags'), await count('images')], [2, 2])
    assert.equal((await repositories.images.get(live.id))?.id, live.id)
    await assert.rejects(purge('purge', '--age_in_days', '-1'))
    await assert.rejects(purge('purge', '--max_rows', 'many'))
  })

  it(`glance-manage db purge leaves data that waits for the scrubber to be found on ${name}`, async (t) => {
    const database = await databaseFor(t, peer)
    const repositories = await open(t, { connection: database.url })
    const directory = await mkdtemp(join(tmpdir(), 'purge-'))
    t.after(() => rm(directory, { recursive: true }))
    const configPath = join(directory, 'glance-manage.conf')
    await writeFile(configPath, `[database]\nconnection = ${database.url}\n`)
    const location = { url: 'file:///waits', metadata: {}, status: 'active' }
    const { id } = await repositories.images.create({
      id: randomUUID(),
      status: 'active',
      visibility: 'shared',
      locations: [location, { ...location, url: 'file:///gone' }],
    })
    await repositories.images.delete(id, { status: 'pending_delete' })
    await database.query(`update image_locations set status = 'deleted' where value = 'file:///gone'`)
    for (const table of ['images', 'image_locations']) {
      await database.query(`update ${table} set deleted_at = '2020-01-01 00:00:00'`)
    }
    for (const command of ['purge', 'purge_images_table']) {
      await manage(glimpse, [configPath], ['db', command, '--age_in_days', '10'])
    }
    const due = await repositories.scrub.due({ before: new Date(), limit: 10 })
    assert.deepEqual(
      due.map((image) => [image.id, image.locations.map(({ url }) => url)]),
      [[id, ['file:///waits']]],
    )
    assert.equal((await database.query('select id from image_locations')).length, 1)
  })
}

describe('a database', () => {
  it('without the page indexes of Glimpse lists images all the same', async (t) => {
    const database = await databaseFor(t, mariadb)
    const indexes = await database.query<{ i: string; t: string }>(
      `select distinct index_name as i, table_name as t from information_schema.statistics
        where table_schema = database() and index_name like 'glimpse%'`,
    )
    assert.ok(indexes.length > 0)
    for (const { i, t: table } of indexes) await database.query(`drop index ${i} on ${table}`)
    const repositories = await open(t, { connection: database.url })
    const { id } = await createOne(repositories)
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(
        (await repositories.images.list(page)).map((image) => image.id),
        [id],
      )
    }
  })

  it('is waited for until it comes up', async (t) => {
    const { url } = await databaseFor(t, mariadb)
    const proxy = await startTcpProxy(mariadb)
    t.after(() => proxy[Symbol.asyncDispose]())
    proxy.hang()
    const pool = { connectTimeoutMs: 100 }
    const repositories = await open(t, { connection: url.replace(`:${mariadb.port}/`, `:${proxy.port}/`), pool })
    let retries = 0
    await awaitDatabase(() => repositories.ping(), {
      config: { max_retries: -1, retry_interval: 0 },
      onRetry: () => {
        if (++retries === 2) proxy.resume()
      },
    })
    assert.equal(retries, 2)
  })

  it('is given up after the retries', async () => {
    let pings = 0
    const ping = async () => {
      pings++
      throw new GlimpseError('database_unavailable', { reason: 'down' })
    }
    const config = { max_retries: 2, retry_interval: 0 }
    await assert.rejects(awaitDatabase(ping, { config }), unavailable)
    assert.equal(pings, 3)
  })
})
