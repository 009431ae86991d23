import { setMaxListeners } from 'node:events'
import { Command } from 'commander'
import { Config } from '../config/config.ts'
import { knownOptions } from '../config/known-options.ts'
import { scrubberOptions } from '../domain/scrub/options.ts'
import { Scrubber } from '../domain/scrub/scrubber.ts'
import { hasCode } from '../errors/error.ts'
import { addConfigOptions, readConfigOptions, type ServiceArguments } from './arguments.ts'
import { readMetadata } from './compose-metadata.ts'
import { readStores } from './compose-stores.ts'
import { readLocationKey } from './location-key.ts'
import { loggingOptions, openLog } from './logging.ts'
import { chapters } from './options.ts'
import { scrubberRuns } from './running-scrubber.ts'
import { version } from './version.ts'

/** With wakeup_time 0 the database would otherwise be asked without a pause. */
const shortestPauseMs = 1000

/** The command line over the configuration: what is given there wins. */
function parseArguments(argv: string[]): ServiceArguments {
  const command = addConfigOptions(new Command('glance-scrubber'))
    .description('Removes the data of images that were deleted with delayed_delete.')
    .version(version, '--version')
    .option('-D, --daemon', 'run again and again, wakeup_time seconds after the run before')
    .option('--nodaemon', 'run once, even if the configuration says daemon')
    .option('--wakeup_time <seconds>', 'time between two runs of a daemon')
    .option('--restore <IMAGE_ID>', 'make an image in pending_delete active again, and do nothing else')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
    .parse(argv, { from: 'user' })
  const { daemon, nodaemon, wakeup_time, restore } = command.opts<{
    daemon?: true
    nodaemon?: true
    wakeup_time?: string
    restore?: string
  }>()
  const given = readConfigOptions(command)
  const overrides: Record<string, string> = {
    ...given.overrides,
    ...(daemon ? { daemon: 'true' } : {}),
    ...(nodaemon ? { daemon: 'false' } : {}),
    ...(wakeup_time === undefined ? {} : { wakeup_time }),
    ...(restore === undefined ? {} : { restore }),
  }
  return { ...given, overrides }
}

async function readSettings({ files, dirs, overrides }: ServiceArguments) {
  const config = await Config.load({
    files,
    dirs,
    program: 'glance-scrubber',
    env: process.env,
    declared: chapters,
    overrides: { DEFAULT: overrides },
  })
  const settings = {
    scrubber: config.group('DEFAULT', scrubberOptions),
    logging: config.group('DEFAULT', loggingOptions),
    stores: readStores(config),
    locationKey: readLocationKey(config),
    metadata: readMetadata(config),
  }
  config.finish(knownOptions)
  return settings
}

/**
 * `glance-scrubber`. @returns the exit code: 0, or 1 for a refusal, which goes to standard error; data that cannot be
 * removed is logged and no failure
 * @see glance `cmd/scrubber.py`
 */
export async function main(argv: string[]): Promise<number> {
  // By this name a scrubber that restores finds one that runs.
  process.title = 'glance-scrubber'
  const settings = await readSettings(parseArguments(argv))
  const { scrubber: options, logging, stores: storeSettings, metadata, locationKey } = settings
  if (options.restore && options.daemon) {
    return refuse('restore and daemon cannot be used together; give one of them.')
  }
  if (options.restore && (await scrubberRuns())) {
    return refuse('a glance-scrubber is running on this machine; stop it before images are restored.')
  }
  await using opened = new AsyncDisposableStack()
  const log = await openLog(logging)
  opened.defer(() => log.flush())
  const stores = opened.adopt(await storeSettings.open(log), (it) => it.close())
  const repositories = opened.adopt(await metadata.open(log, { locationKey }), (it) => it.close())
  const scrubber = new Scrubber(repositories.scrub, {
    stores,
    log,
    delayMs: options.scrub_time * 1000,
    poolSize: options.scrub_pool_size,
  })
  if (options.restore) return await restore(scrubber, options.restore)
  const signal = stopSignal()
  if (options.daemon) {
    const intervalMs = Math.max(options.wakeup_time * 1000, shortestPauseMs)
    log.info({ intervalMs, poolSize: options.scrub_pool_size }, 'the daemon has started')
    await scrubber.runForever({ intervalMs, signal })
  } else await scrubber.run({ signal })
  return 0
}

async function restore(scrubber: Scrubber, imageId: string): Promise<number> {
  try {
    await scrubber.restore(imageId)
    return 0
  } catch (error) {
    if (!hasCode(error, 'image_not_found') && !hasCode(error, 'conflict')) throw error
    return refuse(error.message)
  }
}

function refuse(reason: string): number {
  process.stderr.write(`ERROR: ${reason}\n`)
  return 1
}

/** Aborted by SIGTERM and SIGINT: what is being removed is finished, nothing new is begun. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
