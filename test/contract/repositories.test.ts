import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { peers } from '../support/peers.ts'
import { describeAllRepositories } from './all-repositories.ts'

const { mariadb, postgres } = await peers('mariadb', 'postgres')
const directory = await mkdtemp(join(tmpdir(), 'repositories-'))
const databases: AsyncDisposable[] = []
after(async () => {
  for (const database of databases) await database[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

describeAllRepositories('SQLite in memory', () => openRepositories({ connection: 'sqlite://', createSchema: true }))
let files = 0
describeAllRepositories('SQLite in a file', () =>
  openRepositories({ connection: `sqlite:///${join(directory, `${++files}.sqlite`)}`, createSchema: true }),
)
for (const [name, peer] of Object.entries({ MariaDB: mariadb, PostgreSQL: postgres })) {
  describeAllRepositories(name, async () => {
    const database = await peer.createDatabase()
    databases.push(database)
    return openRepositories({ connection: database.url, createSchema: true })
  })
}
