import cluster from 'node:cluster'
import { AggregatorRegistry, register } from 'prom-client'
import { tendForever } from '../domain/cache/tend.ts'
import { recoverUploads } from '../domain/data/recover.ts'
import { awaitDatabase } from '../drivers/db/await-database.ts'
import { createApp } from '../http/app.ts'
import type { AppDependencies } from '../http/dependencies.ts'
import type { Logger } from '../ports/logger.ts'
import { compose } from './compose.ts'
import { watchEventLoop } from './loop-metrics.ts'
import { serveUntilStopped } from './serve.ts'
import type { ApiSettings } from './settings.ts'

/** Serves the API in this process until it is told to stop. */
export async function serveApi(settings: ApiSettings, log: Logger): Promise<void> {
  // It answers the primary process, which collects the metrics of all workers.
  if (cluster.isWorker) new AggregatorRegistry()
  using _watch = watchEventLoop(register)
  await using composition = await compose(settings, { log, metrics: register })
  const { dependencies, jobRunner, passWork } = composition
  const stopping = new AbortController()
  let jobs: Promise<unknown> | undefined
  const startJobs = () => {
    const { signal } = stopping
    jobs = Promise.all([jobRunner.run(signal), passWork(signal), tendCache(settings, { dependencies, signal })])
  }
  const app = createApp(dependencies)
  begin(settings, { dependencies, log, startJobs }).catch((error: unknown) =>
    log.error({ err: error }, 'own tables could not be made, or uploads of dead processes not be cleaned up'),
  )
  const stop = async () => {
    stopping.abort()
    await jobs
  }
  await serveUntilStopped(app, { listen: settings.listen, log, background: { stop } })
}

/** What the image cache does by itself: it heals, fetches what is queued, and keeps to its size. */
async function tendCache(
  { cache: { prefetchMs } }: ApiSettings,
  { dependencies: { cache, prefetcher, log }, signal }: { dependencies: AppDependencies; signal: AbortSignal },
): Promise<void> {
  if (cache === undefined || prefetcher === undefined) return
  await Promise.all([
    tendForever(cache, { log, signal }),
    prefetcher.serve(signal),
    prefetcher.runForever({ intervalMs: prefetchMs, signal }),
  ])
}

/** Requests are answered meanwhile: those that need a database which is not up yet are told so. */
async function begin(
  { metadata: { retry } }: ApiSettings,
  {
    dependencies: { repositories, stores },
    log,
    startJobs,
  }: { dependencies: AppDependencies; log: Logger; startJobs: () => void },
): Promise<void> {
  await awaitDatabase(() => repositories.ping(), {
    config: retry,
    onRetry: (error) => log.warn({ err: error, retrySeconds: retry.retry_interval }, 'waiting for the database'),
  })
  await repositories.prepare()
  startJobs()
  await recoverUploads(repositories.images, { stores, log })
}
