import { setMaxListeners } from 'node:events'
import { hostname } from 'node:os'
import { Command, CommanderError } from 'commander'
import { register } from 'prom-client'
import { Config } from '../../config/config.ts'
import { knownOptions } from '../../config/known-options.ts'
import { DigestPool } from '../../domain/data/digest-pool.ts'
import { ownJobOptions } from '../../domain/jobs/options.ts'
import { runDryPass } from '../../domain/passes/dry-pass.ts'
import { Pace } from '../../domain/passes/pace.ts'
import { ProgramRunner } from '../../domain/passes/program-runner.ts'
import { type Finding, findingStates, type Pass, type PassScope } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { addConfigOptions, readConfigOptions, type ServiceArguments } from '../arguments.ts'
import { readMetadata } from '../compose-metadata.ts'
import { readStores } from '../compose-stores.ts'
import { readLocationKey } from '../location-key.ts'
import { loggingOptions, openLog } from '../logging.ts'
import { metricsOptions, serveMetrics } from '../metrics-server.ts'
import { chapters } from '../options.ts'
import { storeMetrics } from '../store-metrics.ts'
import { version } from '../version.ts'
import type { KeptProgram, ProgramSettings } from './kept-program.ts'
import { passMetrics } from './metrics.ts'
import { jsonReport, type Report, textReport } from './report.ts'

/** What commands end with; a wrong command line is a failure too. */
const exitCodes = { nothingFound: 0, failed: 1, findingsLeft: 2 } as const
const progressMs = 5_000
const pageSize = 500

interface Arguments {
  /** What all programs take. */
  readonly service: ServiceArguments
  readonly daemon?: true
  readonly interval?: string
  readonly dryRun?: true
  readonly image?: string
  readonly store?: string
  readonly json?: true
  readonly [choice: string]: unknown
}

/** The front of a program that works by passes. @returns the exit code: 0 nothing found, 1 failure, 2 findings are left */
export async function runProgram(kept: KeptProgram, argv: string[]): Promise<number> {
  let args: Arguments
  try {
    args = parse(kept, argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? exitCodes.nothingFound : exitCodes.failed
  }
  const { settings, metadata, logging, stores: storeSettings, locationKey, leaseMs, metrics } = await read(kept, args)
  await using opened = new AsyncDisposableStack()
  const log = await openLog(logging)
  opened.defer(() => log.flush())
  const stores = opened.adopt(await storeSettings.open(log, storeMetrics(register)), (it) => it.close())
  if (args.store !== undefined) stores.get(args.store)
  const repositories = opened.adopt(await metadata.open(log, { locationKey }), (it) => it.close())
  await repositories.prepare()
  const digests = opened.adopt(new DigestPool(), (it) => it.close())
  const program = settings.make({ repositories, stores, digests, log })
  opened.defer(() => program.close?.())
  const scope = scopeOf(kept, { args, settings })
  const signal = stopSignal()
  const rates = {
    itemsPerSecond: settings.pass.items_per_second,
    bytesPerSecond: settings.pass.bytes_per_second,
  }
  if (args.dryRun) {
    const onProgress = throttled((done: object) => log.info(done, 'the dry run goes on'))
    const findings = repositories.findings
    const report = await runDryPass(program, scope, { findings, pace: new Pace(rates), signal, onProgress })
    return conclude(report, args)
  }
  const runner = new ProgramRunner(program, {
    ...{ repositories, rates, log },
    workers: settings.pass.workers,
    observer: passMetrics(register),
    name: `${kept.command} ${hostname()}:${process.pid}`,
    times: { leaseMs, heartbeatMs: leaseMs / 4 },
  })
  if ((await repositories.passes.program(kept.name)).isPaused) {
    log.warn({ program: kept.name }, 'the program is paused: its steps wait until an administrator has it go on')
  }
  if (args.daemon) {
    const { metrics_host: host, metrics_port: port } = metrics
    if (port !== null) {
      settings.measure?.(register, repositories)
      const server = await serveMetrics({ host, port, ofWorkers: false })
      opened.defer(() => void server.close())
    }
    const intervalMs = settings.pass.interval * 1000
    log.info({ intervalMs }, 'the daemon has started')
    await runner.forever({ scope, intervalMs, signal })
    return exitCodes.nothingFound
  }
  const onProgress = throttled(({ id, plannedSteps, doneSteps, counts }: Pass) =>
    log.info({ pass: id, plannedSteps, doneSteps, ...counts }, 'the pass goes on'),
  )
  const pass = await runner.once(scope, { signal, onProgress })
  const report = { pass, counts: pass.counts, findings: await findingsOf(repositories, pass.id) }
  return conclude(report, args)
}

function parse({ command: name, subcommand, description, switches }: KeptProgram, argv: string[]): Arguments {
  const command = addConfigOptions(new Command(subcommand === undefined ? name : `${name} ${subcommand}`))
    .description(description)
    .version(version, '--version')
    .option('--daemon', 'stay, and begin a pass whenever one is due')
    .option('--interval <seconds>', 'time from the begin of one pass to that of the next, for --daemon')
    .option('--dry-run', 'tell what would be found, and change nothing')
    .option('--image <id>', 'look at this image alone')
    .option('--store <id>', 'look at this store alone')
    .option('--json', 'report as JSON')
    .addHelpText('after', '\nExit codes: 0 nothing was found, 1 failure, 2 findings are left.')
    .exitOverride()
  for (const { flags, help } of switches) command.option(flags, help)
  command.parse(argv, { from: 'user' })
  const args: Arguments = { ...command.opts(), service: readConfigOptions(command) }
  if (args.daemon && args.dryRun) command.error('error: --daemon and --dry-run exclude each other')
  return args
}

async function read(kept: KeptProgram, { service, interval }: Arguments) {
  const config = await Config.load({
    files: service.files,
    dirs: service.dirs,
    program: ['glance-api', kept.command],
    env: process.env,
    declared: chapters,
    overrides: { DEFAULT: service.overrides, [kept.name]: interval === undefined ? {} : { interval } },
  })
  const read = {
    settings: kept.read(config),
    metadata: readMetadata(config),
    logging: config.group('DEFAULT', loggingOptions),
    metrics: config.group('glimpse', metricsOptions),
    stores: readStores(config),
    locationKey: readLocationKey(config),
    leaseMs: config.group('glimpse', ownJobOptions).job_lease * 1000,
  }
  config.finish(knownOptions)
  return read
}

function scopeOf(kept: KeptProgram, { args, settings }: { args: Arguments; settings: ProgramSettings }): PassScope {
  const given = kept.switches.filter(({ choice }) => args[choice] !== undefined)
  return {
    imageId: args.image ?? null,
    storeId: args.store ?? null,
    choices: {
      ...settings.choices,
      ...Object.fromEntries(given.map(({ choice }) => [choice, args[choice] as string | boolean])),
    },
  }
}

/** What the pass has seen. */
async function findingsOf({ findings }: Repositories, lastPassId: string): Promise<Finding[]> {
  const found: Finding[] = []
  for (let marker: string | undefined; ; ) {
    const page = await findings.list({ lastPassId, limit: pageSize, ...(marker === undefined ? {} : { marker }) })
    found.push(...page)
    if (page.length < pageSize) return found.filter(({ state }) => state !== findingStates[2])
    marker = page.at(-1)?.id
  }
}

function conclude(report: Report, { json }: Arguments): number {
  process.stdout.write(`${json ? jsonReport(report) : textReport(report)}\n`)
  if (report.pass && report.pass.state !== 'done') return exitCodes.failed
  return report.findings.some(({ state }) => state === 'open') ? exitCodes.findingsLeft : exitCodes.nothingFound
}

function throttled<Value>(tell: (value: Value) => void): (value: Value) => void {
  let toldAt = performance.now()
  return (value) => {
    if (performance.now() - toldAt < progressMs) return
    toldAt = performance.now()
    tell(value)
  }
}

/** Aborted by SIGTERM and SIGINT: another process, or the next run, goes on with the pass. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.once(name, () => controller.abort(new Error(`stopped by ${name}`)))
  return controller.signal
}
