import { openRepositories } from '../../src/drivers/db/open.ts'
import { throughRegistry } from '../support/registry.ts'
import { describeAllRepositories } from './all-repositories.ts'

describeAllRepositories('a registry', async () =>
  throughRegistry(await openRepositories({ connection: 'sqlite://', createSchema: true })),
)
