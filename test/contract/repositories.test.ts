import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { openRepositories } from '../../src/drivers/db/open.ts'
import { peers } from '../support/peers.ts'
import { describeAllRepositories } from './all-repositories.ts'
import { describeJobRunner } from './job-runner.ts'
import { describeJobs } from './jobs.ts'
import { describeMetadefs } from './metadefs.ts'
import { describePasses } from './passes.ts'
import { describeQuota } from './quota.ts'
import { describeReplication } from './replication.ts'
import { describeRepositories } from './repositories.ts'
import { describeScrub } from './scrub.ts'
import { describeTasks } from './tasks.ts'

const { mariadb, postgres } = await peers('mariadb', 'postgres')
const directory = await mkdtemp(join(tmpdir(), 'repositories-'))
const databases: AsyncDisposable[] = []
after(async () => {
  for (const database of databases) await database[Symbol.asyncDispose]()
  await rm(directory, { recursive: true })
})

describeAllRepositories('SQLite in memory', () => openRepositories({ connection: 'sqlite://', createSchema: true }))
describeAllRepositories('SQLite in a file', () =>
function describeAll(name: string, open: () => Promise<Repositories>): void {
  describeRepositories(name, open)
  describeTasks(name, open)
  describeScrub(name, open)
  describeJobs(name, open)
  describeMetadefs(name, open)
  describeJobRunner(name, open)
  describePasses(name, open)
  describeQuota(name, open)
  describeReplication(name, open)
}

describeAll('SQLite in memory', () => openRepositories({ connection: 'sqlite://', createSchema: true }))
describeAll('SQLite in a file', () =>
  openRepositories({ connection: `sqlite:///${join(directory, 'glance.sqlite')}`, createSchema: true }),
)
for (const [name, peer] of Object.entries({ MariaDB: mariadb, PostgreSQL: postgres })) {
  describeAllRepositories(name, async () => {
    const database = await peer.createDatabase()
    databases.push(database)
    return openRepositories({ connection: database.url, createSchema: true })
  })
}
