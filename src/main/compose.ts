import type { Registry } from 'prom-client'
import { Prefetcher } from '../domain/cache/prefetcher.ts'
import { DigestPool } from '../domain/data/digest-pool.ts'
import { JobQueue } from '../domain/jobs/job-queue.ts'
import type { JobRunner } from '../domain/jobs/job-runner.ts'
import { ProjectQuotas } from '../domain/quota/project-quotas.ts'
import { sealerOf } from '../drivers/db/encryption/location-cipher.ts'
import { openWebFetcher } from '../drivers/fetch/web-fetcher.ts'
import { loadLibc } from '../http/data/libc.ts'
import type { AppDependencies } from '../http/dependencies.ts'
import type { Logger } from '../ports/logger.ts'
import { webRules } from './compose-fetch.ts'
import { jobRunnerOf, stagingArea } from './compose-jobs.ts'
import { protectionsOf } from './compose-protections.ts'
import { readCustomProperties } from './custom-properties.ts'
import { type PassWork, passWorkOf } from './passes/programs.ts'
import type { ApiSettings } from './settings.ts'
import { storeMetrics } from './store-metrics.ts'

export interface Composition extends AsyncDisposable {
  readonly dependencies: AppDependencies
  readonly jobRunner: JobRunner
  readonly passWork: PassWork
}

/**
 * Opens everything that the API is built on: the one place that knows which drivers there are. Disposing closes it all.
 * @throws what a driver throws that cannot be opened; what was open by then is closed
 */
export async function compose(
  settings: ApiSettings,
  { log, metrics }: { log: Logger; metrics: Registry },
): Promise<Composition> {
  await using opened = new AsyncDisposableStack()
  const repositories = opened.adopt(
    await settings.metadata.open(log, { locationKey: settings.locationKey, createSchema: true }),
    (it) => it.close(),
  )
  const identity = opened.adopt(await settings.identity.open(log), (it) => it.close())
  const { policy } = opened.adopt(await settings.policy(log), (it) => it.close())
  const stores = opened.adopt(await settings.stores.open(log, storeMetrics(metrics)), (it) => it.close())
  const limits = await settings.quotas.open(log)
  if (limits) opened.adopt(limits, (it) => it.close())
  const digests = opened.adopt(new DigestPool(), (it) => it.close())
  const cache = await settings.cache.open({ digests, central: repositories.caches, log })
  opened.defer(() => cache?.close())
  const dependencies: AppDependencies = {
    repositories,
    identity,
    policy,
    protections: protectionsOf(settings.protections, { policy, log }),
    quotas: new ProjectQuotas(repositories.quota, { limits, log }),
    stores,
    jobs: new JobQueue(repositories.jobs),
    sealer: sealerOf(settings.locationKey),
    staging: stagingArea(stores, settings.stores.stagingFolder),
    fetcher: opened.adopt(openWebFetcher(webRules(settings.app.importFiltering, [])), (it) => it.close()),
    importPlugins: settings.plugins.open({ ...settings.app, scratchFolder: settings.stores.stagingFolder, log }),
    digests,
    cache,
    prefetcher: cache && new Prefetcher(cache, { images: repositories.images, stores, log }),
    libc: await loadLibc(),
    log,
    metrics,
    customProperties: await readCustomProperties(settings.files),
    config: settings.app,
  }
  const jobRunner = jobRunnerOf(dependencies, {
    concurrency: settings.jobConcurrency,
    times: { leaseMs: settings.jobLeaseMs, heartbeatMs: settings.jobLeaseMs / 4 },
  })
  const passWork = passWorkOf(settings.programs, { ...dependencies, leaseMs: settings.jobLeaseMs })
  const resources = opened.move()
  return { dependencies, jobRunner, passWork, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
