import { Replication } from '../../domain/replication/replication.ts'
import { RuleBook } from '../../domain/replication/rule-book.ts'
import { readReplication } from '../compose-replication.ts'
import type { KeptProgram } from './kept-program.ts'
import { replicationMetrics } from './replication-metrics.ts'

export const replication: KeptProgram = {
  name: 'replication',
  command: 'glance-replicator',
  subcommand: 'stores',
  description: 'Brings images to the stores of this service where the rules of [replication] and of the API want them.',
  switches: [
    { flags: '--check', choice: 'check', help: 'ask the stores for every copy, whatever check_interval says' },
  ],
  read(config) {
    const settings = readReplication(config)
    return {
      pass: settings,
      choices: {},
      measure: replicationMetrics,
      make: ({ repositories, ...dependencies }) =>
        new Replication({
          ...dependencies,
          repositories,
          rules: new RuleBook(repositories.replication, settings),
          checkMs: settings.check_interval * 1000,
          parallel: settings.parallel_copies,
          intervalMs: settings.interval * 1000,
        }),
    }
  },
}
