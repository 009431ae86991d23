import type { Repositories } from '../../src/ports/repositories.ts'
import { describeImageLists } from './image-lists.ts'
import { describeJobRunner } from './job-runner.ts'
import { describeJobs } from './jobs.ts'
import { describeKeeping } from './keeping.ts'
import { describeMetadefs } from './metadefs.ts'
import { describePasses } from './passes.ts'
import { describeQuota } from './quota.ts'
import { describeReplication } from './replication.ts'
import { describeRepositories } from './repositories.ts'
import { describeScrub } from './scrub.ts'
import { describeTasks } from './tasks.ts'

/** What every implementation of the repositories promises, all of them. `open` gives repositories over an empty database. */
export function describeAllRepositories(name: string, open: () => Promise<Repositories>): void {
  describeRepositories(name, open)
  describeImageLists(name, open)
  describeTasks(name, open)
  describeScrub(name, open)
  describeJobs(name, open)
  describeMetadefs(name, open)
  describeJobRunner(name, open)
  describePasses(name, open)
  describeKeeping(name, open)
  describeQuota(name, open)
  describeReplication(name, open)
}
