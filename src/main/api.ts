import cluster from 'node:cluster'
import { register } from 'prom-client'
import { recoverUploads } from '../domain/data/recover.ts'
import { createApp } from '../http/app.ts'
import { parseServiceArguments } from './arguments.ts'
import { compose } from './compose.ts'
import { type Log, openLog } from './logging.ts'
import { answerCollector, serveMetrics } from './metrics-server.ts'
import { serveUntilStopped } from './serve.ts'
import { type ApiSettings, readApiSettings } from './settings.ts'
import { version } from './version.ts'
import { superviseWorkers } from './workers.ts'

/** glance-api: serves the Image API until it is told to stop. @returns the exit code */
export async function main(argv: string[]): Promise<number> {
  const args = parseServiceArguments(
    { name: 'glance-api', description: 'Serves the OpenStack Image API.', version },
    argv,
  )
  const settings = await readApiSettings(args, process.env)
  const log = await openLog(settings.logging)
  process.on('SIGHUP', () => log.reopen())
  try {
    if (cluster.isWorker || settings.workers === 0) await serve(settings, log)
    else return await supervise(settings, { log, reread: () => readApiSettings(args, process.env) })
    return 0
  } finally {
    log.flush()
  }
}

async function supervise(
  settings: ApiSettings,
  { log, reread }: { log: Log; reread: () => Promise<ApiSettings> },
): Promise<number> {
  announce(settings, log)
  if (settings.metrics.metrics_port !== null) await openMetrics(settings, log)
  return superviseWorkers({
    count: settings.workers,
    logger: log,
    reload: async () => announce(await reread(), log),
  })
}

async function serve(settings: ApiSettings, log: Log): Promise<void> {
  if (cluster.isWorker) {
    answerCollector()
  } else {
    announce(settings, log)
    if (settings.metrics.metrics_port !== null) await openMetrics(settings, log)
  }
  await using composition = await compose(settings, { log, metrics: register })
  const { dependencies } = composition
  const app = createApp(dependencies)
  recoverUploads(dependencies.repositories.images, { stores: dependencies.stores, log }).catch((error: unknown) =>
    log.error({ err: error }, 'uploads of dead processes could not be cleaned up'),
  )
  await serveUntilStopped(app, { listen: settings.listen, log })
}

async function openMetrics({ metrics, workers }: ApiSettings, log: Log): Promise<void> {
  const { metrics_host: host, metrics_port: port } = metrics
  await serveMetrics({ host, port: port ?? 0, ofWorkers: workers > 0 })
  log.info({ host, port }, 'serving metrics')
}

/** Names once what of the configuration has no effect or looks like a mistake. */
function announce({ files, report }: ApiSettings, log: Log): void {
  log.info({ files, version }, 'configuration read')
  if (report.unused.length > 0) {
    const options = report.unused.map(({ group, option }) => `${group}/${option}`)
    log.info({ options }, 'options that are accepted and have no effect')
  }
  for (const option of report.unknown) log.warn(option, 'nobody knows this option')
  for (const option of report.deprecated) log.warn(option, 'this option has a newer name')
}
