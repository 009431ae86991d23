import cluster from 'node:cluster'
import { parseServiceArguments } from './arguments.ts'
import { type Log, openLog } from './logging.ts'
import { serveMetrics } from './metrics-server.ts'
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
    if (settings.workers > 0 && cluster.isPrimary) {
      return await supervise(settings, { log, reread: () => readApiSettings(args, process.env) })
    }
    if (cluster.isPrimary) await begin(settings, log)
    // Imported where it is used: the process that only supervises stays small.
    const { serveApi } = await import('./serve-api.ts')
    await serveApi(settings, log)
    return 0
  } finally {
    log.flush()
  }
}

async function supervise(
  settings: ApiSettings,
  { log, reread }: { log: Log; reread: () => Promise<ApiSettings> },
): Promise<number> {
  await begin(settings, log)
  return superviseWorkers({
    count: settings.workers,
    logger: log,
    reload: async () => announce(await reread(), log),
  })
}

async function begin(settings: ApiSettings, log: Log): Promise<void> {
  announce(settings, log)
  const { metrics, workers } = settings
  if (metrics.metrics_port === null) return
  const { metrics_host: host, metrics_port: port } = metrics
  await serveMetrics({ host, port, ofWorkers: workers > 0 })
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
