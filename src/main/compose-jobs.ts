import { hostname } from 'node:os'
import { UriFilter } from '../domain/fetch/uri-filter.ts'
import type { AnyJobHandler } from '../domain/jobs/job-kind.ts'
import { JobRunner } from '../domain/jobs/job-runner.ts'
import { ExternalLocations } from '../domain/locations/external-location.ts'
import { LocationImport } from '../domain/locations/import-location.ts'
import type { AppDependencies } from '../http/dependencies.ts'

/** What runs the jobs of this process: one handler for each kind. */
export function jobRunnerOf(dependencies: AppDependencies, { concurrency }: { concurrency: number }): JobRunner {
  const { repositories, jobs, log } = dependencies
  const handlers: AnyJobHandler[] = [locationImportOf(dependencies)]
  return new JobRunner(repositories.jobs, {
    queue: jobs,
    handlers,
    concurrency,
    name: `${hostname()}:${process.pid}`,
    log,
  })
}

function locationImportOf({
  repositories,
  stores,
  quotas,
  sealer,
  digests,
  log,
  config,
}: AppDependencies): LocationImport {
  return new LocationImport({
    repositories,
    stores,
    quotas,
    sealer,
    external: new ExternalLocations(stores, {
      webFilter: new UriFilter(config.importFiltering),
      capBytes: config.upload.capBytes,
    }),
    digests,
    hashingAlgorithm: config.hashingAlgorithm,
    secureHash: config.locations.do_secure_hash,
    retries: config.locations.http_retries,
    capBytes: config.upload.capBytes,
    delayed: config.images.delayed_delete,
    taskTimeToLiveHours: config.taskTimeToLiveHours,
    log,
  })
}
