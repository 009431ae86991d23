import { hostname } from 'node:os'
import { join } from 'node:path'
import type { StoreSet } from '../domain/data/store-set.ts'
import { MissingDigests } from '../domain/digests/missing-digests.ts'
import { UriFilter } from '../domain/fetch/uri-filter.ts'
import { ContentRules } from '../domain/formats/content-rules.ts'
import { ImportJob } from '../domain/import/import-job.ts'
import { importKind } from '../domain/import/import-request.ts'
import { ImportTasks } from '../domain/import/import-tasks.ts'
import { StageWatch } from '../domain/import/stage-watch.ts'
import { StagingArea } from '../domain/import/staging-area.ts'
import { JobRunner, type RunnerTimes } from '../domain/jobs/job-runner.ts'
import { ExternalLocations } from '../domain/locations/external-location.ts'
import { LocationImport } from '../domain/locations/import-location.ts'
import { httpNodeProbe } from '../drivers/fetch/node-probe.ts'
import { GlimpseError } from '../errors/error.ts'
import type { AppDependencies } from '../http/dependencies.ts'

/** What runs the jobs of this process: one handler for each kind. */
export function jobRunnerOf(
  dependencies: AppDependencies,
  { concurrency, times = {} }: { concurrency: number; times?: Partial<RunnerTimes> },
): JobRunner {
  const { repositories, jobs, log } = dependencies
  return new JobRunner(repositories.jobs, {
    queue: jobs,
    handlers: [
      locationImportOf(dependencies),
      missingDigestsOf(dependencies),
      ...importsOf(dependencies),
      new StageWatch({
        ...{ jobs: repositories.jobs, queue: jobs, probe: httpNodeProbe, log },
        everyMs: dependencies.config.stageWatchMs,
      }),
    ],
    concurrency,
    times,
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
    content: new ContentRules(config.formats),
    hashingAlgorithm: config.hashingAlgorithm,
    secureHash: config.locations.do_secure_hash,
    retries: config.locations.http_retries,
    capBytes: config.upload.capBytes,
    delayed: config.images.delayed_delete,
    taskTimeToLiveHours: config.taskTimeToLiveHours,
    log,
  })
}

function missingDigestsOf({ repositories, stores, digests, log, config }: AppDependencies): MissingDigests {
  const { images } = repositories
  const content = new ContentRules(config.formats)
  return new MissingDigests({ images, stores, digests, content, hashingAlgorithm: config.hashingAlgorithm, log })
}

function importsOf(dependencies: AppDependencies): ImportJob[] {
  const { repositories, config } = dependencies
  const tasks = new ImportTasks(repositories.tasks, { timeToLiveHours: config.taskTimeToLiveHours })
  const kinds = [importKind(null), ...(config.workerUrl === null ? [] : [importKind(config.workerUrl)])]
  return kinds.map(
    (kind) =>
      new ImportJob(repositories.images, {
        ...dependencies,
        delegation: dependencies.identity.delegation,
        inject: config.inject,
        plugins: dependencies.importPlugins,
        remotePrefixes: config.remotePrefixes,
        kind,
        tasks,
        limits: config.upload,
        mostProperties: config.images.image_property_quota,
        content: new ContentRules(config.formats),
        hashingAlgorithm: config.hashingAlgorithm,
      }),
  )
}

/** The staging area in the reserved store, whose files lie in `folder`. */
export function stagingArea(stores: StoreSet, folder: string): StagingArea {
  const store = stores.reserved('os_glance_staging_store')
  if (!store) throw new GlimpseError('store_unknown', { id: 'os_glance_staging_store' })
  return new StagingArea(store, (imageId) => `file://${join(folder, imageId)}`)
}
