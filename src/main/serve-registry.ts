import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import { AggregatorRegistry, register } from 'prom-client'
import { awaitDatabase } from '../drivers/db/await-database.ts'
import { createRegistryApp } from '../http/registry/registry-app.ts'
import type { Logger } from '../ports/logger.ts'
import type { Repositories } from '../ports/repositories.ts'
import type { RegistrySettings } from './registry-settings.ts'
import { serveUntilStopped } from './serve.ts'

/** Connections that carry anything meanwhile are given up by their clients; the others have nothing under way when they are closed. */
const leaveMs = 500

/** Serves the registry in this process until it is told to stop. */
export async function serveRegistry(settings: RegistrySettings, log: Logger): Promise<void> {
  // It answers the primary process, which collects the metrics of all workers.
  if (cluster.isWorker) new AggregatorRegistry()
  await using opened = new AsyncDisposableStack()
  // URLs of locations are encrypted and decrypted by the API nodes: only they have the key.
  const repositories = opened.adopt(
    await settings.metadata.open(log, { locationKey: null, createSchema: true }),
    (it) => it.close(),
  )
  const identity = opened.adopt(await settings.identity.open(log), (it) => it.close())
  const { policy } = opened.adopt(await settings.policy(log), (it) => it.close())
  const app = createRegistryApp({ repositories, identity, policy, log, metrics: register, config: settings })
  prepare(repositories, settings, log).catch((error: unknown) =>
    log.error({ err: error }, 'own tables could not be made'),
  )
  let isLeaving = false
  app.addHook('onSend', async (_request, reply) => {
    if (isLeaving) reply.header('connection', 'close')
  })
  const takeLeave = async () => {
    isLeaving = true
    await sleep(leaveMs)
  }
  await serveUntilStopped(app, { listen: settings.listen, log, background: { stop: async () => {} }, takeLeave })
}

/** Questions are answered meanwhile: those that need a database which is not up yet are told so. */
async function prepare(repositories: Repositories, { metadata }: RegistrySettings, log: Logger): Promise<void> {
  const { retry } = metadata
  await awaitDatabase(() => repositories.ping(), {
    config: retry,
    onRetry: (error) => log.warn({ err: error, retrySeconds: retry.retry_interval }, 'waiting for the database'),
  })
  await repositories.prepare()
}
