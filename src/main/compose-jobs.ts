import { hostname } from 'node:os'
import type { AnyJobHandler } from '../domain/jobs/job-kind.ts'
import { JobRunner } from '../domain/jobs/job-runner.ts'
import type { AppDependencies } from '../http/dependencies.ts'

/** What runs the jobs of this process: one handler for each kind. */
export function jobRunnerOf(dependencies: AppDependencies, { concurrency }: { concurrency: number }): JobRunner {
  const { repositories, jobs, log } = dependencies
  const handlers: AnyJobHandler[] = []
  return new JobRunner(repositories.jobs, {
    queue: jobs,
    handlers,
    concurrency,
    name: `${hostname()}:${process.pid}`,
    log,
  })
}
