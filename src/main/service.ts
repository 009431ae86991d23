import cluster from 'node:cluster'
import type { ConfigReport } from '../config/config.ts'
import type { Values } from '../config/option.ts'
import { parseServiceArguments, type ServiceArguments } from './arguments.ts'
import { type Log, type loggingOptions, openLog } from './logging.ts'
import { type metricsOptions, serveMetrics } from './metrics-server.ts'
import { version } from './version.ts'
import { superviseWorkers } from './workers.ts'

/** What every service goes by, whatever it serves. */
export interface ServiceSettings {
  readonly logging: Values<typeof loggingOptions>
  readonly metrics: Values<typeof metricsOptions>
  /** Worker processes; 0: the first process serves itself. */
  readonly workers: number
  readonly files: readonly string[]
  readonly report: ConfigReport
}

export interface ServiceProgram<S extends ServiceSettings> {
  readonly name: string
  readonly description: string
  /** @throws ConfigError with all faults */
  read(args: ServiceArguments, env: NodeJS.ProcessEnv): Promise<S>
  /** Serves in this process until it is told to stop. Never called in a process that supervises. */
  serve(settings: S, log: Log): Promise<void>
}

/** Runs a service with its workers, log and metrics until it is told to stop. @returns the exit code */
export async function runService<S extends ServiceSettings>(
  program: ServiceProgram<S>,
  argv: string[],
): Promise<number> {
  const args = parseServiceArguments({ ...program, version }, argv)
  const settings = await program.read(args, process.env)
  const log = await openLog(settings.logging)
  process.on('SIGHUP', () => log.reopen())
  try {
    if (cluster.isPrimary) await begin(settings, log)
    if (settings.workers > 0 && cluster.isPrimary) {
      return await superviseWorkers({
        count: settings.workers,
        logger: log,
        reload: async () => announce(await program.read(args, process.env), log),
      })
    }
    await program.serve(settings, log)
    return 0
  } finally {
    log.flush()
  }
}

async function begin(settings: ServiceSettings, log: Log): Promise<void> {
  announce(settings, log)
  const { metrics, workers } = settings
  if (metrics.metrics_port === null) return
  const { metrics_host: host, metrics_port: port } = metrics
  await serveMetrics({ host, port, ofWorkers: workers > 0 })
  log.info({ host, port }, 'serving metrics')
}

/** Names once what of the configuration has no effect or looks like a mistake. */
function announce({ files, report }: ServiceSettings, log: Log): void {
  log.info({ files, version }, 'configuration read')
  if (report.unused.length > 0) {
    const options = report.unused.map(({ group, option }) => `${group}/${option}`)
    log.info({ options }, 'options that are accepted and have no effect')
  }
  for (const option of report.unknown) log.warn(option, 'nobody knows this option')
  for (const option of report.deprecated) log.warn(option, 'this option has a newer name')
}
