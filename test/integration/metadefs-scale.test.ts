import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { MetadefNamespaces } from '../../src/domain/metadefs/namespaces.ts'
import { MetadefAccess } from '../../src/domain/policy/metadef-access.ts'
import { Policy } from '../../src/domain/policy/policy.ts'
import type { Database } from '../../src/drivers/db/database.ts'
import { Migrator } from '../../src/drivers/db/migrations/migrator.ts'
import { openDatabase, repositoriesOver } from '../../src/drivers/db/open.ts'
import type { RequestContext } from '../../src/ports/context.ts'
import type { MetadefNamespaceFields, NewMetadefContents } from '../../src/ports/metadefs.ts'

const caller: RequestContext = {
  requestId: 'req',
  userId: 'u',
  projectId: 'p',
  userDomainId: null,
  projectDomainId: null,
  domainId: null,
  roles: ['reader'],
  isAdmin: false,
  systemScope: null,
  serviceRoles: [],
  token: null,
}

const fields = (name: string): MetadefNamespaceFields => ({
  ...{ name, displayName: null, description: null, visibility: 'public', protected: false, owner: 'p' },
})

const contentsOf = (properties: number): NewMetadefContents => ({
  associations: ['OS::Nova::Server', 'OS::Glance::Image'].map((name) => ({
    name,
    prefix: 'x_',
    propertiesTarget: null,
  })),
  properties: Array.from({ length: properties }, (_, i) => ({
    name: `p${i}`,
    schema: { title: `P${i}`, type: 'string' },
  })),
  objects: [{ name: 'o', description: null, required: [], properties: {} }],
  tags: ['t'],
})

describe('metadata definitions in numbers', () => {
  let directory: string
  let database: Database
  let statements = 0
  let namespaces: MetadefNamespaces

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-metadefs-'))
    database = await openDatabase(`sqlite:///${join(directory, 'glance.sqlite')}`)
    await new Migrator(database).sync()
    const counting: Database = {
      dialect: database.dialect,
      capabilities: database.capabilities,
      rows: (statement, values) => {
        statements++
        return database.rows(statement, values)
      },
      run: (statement, values) => database.run(statement, values),
      transaction: (work) => database.transaction(work),
      schemaWork: (work) => database.schemaWork(work),
      close: () => database.close(),
    }
    const { metadefs } = repositoriesOver(counting)
    const policy = new Policy({ enforceNewDefaults: true, enforceScope: true, defaultRule: 'default' })
    namespaces = new MetadefNamespaces({ metadefs, access: new MetadefAccess(policy) })
    await metadefs.createNamespace(fields('small'), contentsOf(1))
    for (let i = 0; i < 200; i++) await metadefs.createNamespace(fields(`n${i}-${randomUUID()}`), contentsOf(50))
  })

  after(async () => {
    await database?.close()
    await rm(directory, { recursive: true, force: true })
  })

  const counted = async <T>(work: () => Promise<T>): Promise<{ result: T; statements: number }> => {
    statements = 0
    const result = await work()
    return { result, statements }
  }

  it('lists 200 namespaces with as many statements as one', async () => {
    const list = (limit: number) => counted(() => namespaces.page(caller, { ...newest, limit }))
    const [one, all] = [await list(1), await list(500)]
    assert.equal(one.result.namespaces.length, 1)
    assert.equal(all.result.namespaces.length, 201)
    assert.equal(all.result.associations.size, 201)
    assert.equal(all.statements, one.statements)
    assert.equal(all.statements, 2)
  })

  it('shows a namespace of 50 properties with as many statements as one of a single property', async () => {
    const { result } = await counted(() => namespaces.page(caller, { ...newest, limit: 1 }))
    const name = result.namespaces[0]?.name ?? ''
    const [small, large] = [
      await counted(() => namespaces.show(caller, 'small')),
      await counted(() => namespaces.show(caller, name)),
    ]
    assert.equal(small.result.contents.properties.length, 1)
    assert.equal(large.result.contents.properties.length, 50)
    assert.equal(large.statements, small.statements)
    assert.equal(large.statements, 5)
  })
})

const newest = { sortKey: 'created_at', direction: 'desc' } as const
