import { setMaxListeners } from 'node:events'
import { Config } from '../config/config.ts'
import { knownOptions } from '../config/known-options.ts'
import type { ImageCache } from '../domain/cache/image-cache.ts'
import { Prefetcher } from '../domain/cache/prefetcher.ts'
import { DigestPool } from '../domain/data/digest-pool.ts'
import type { Logger } from '../ports/logger.ts'
import type { Repositories } from '../ports/repositories.ts'
import { parseServiceArguments, type ServiceArguments } from './arguments.ts'
import { readCache } from './compose-cache.ts'
import { readMetadataIfAny } from './compose-metadata.ts'
import { readStores, type StoreSettings } from './compose-stores.ts'
import { readLocationKey } from './location-key.ts'
import { loggingOptions, openLog } from './logging.ts'
import { chapters } from './options.ts'
import { version } from './version.ts'

interface Parts {
  readonly cache: ImageCache
  /** Undefined: neither a database nor a registry is configured. */
  readonly repositories: Repositories | undefined
  readonly stores: StoreSettings
  readonly log: Logger
}

/** `glance-cache-cleaner`: removes broken entries and stalled ones. @see glance `cmd/cache_cleaner.py` */
export const cleaner = {
  main: (argv: string[]) =>
    run(
      argv,
      { name: 'glance-cache-cleaner', description: 'Removes broken and stalled images from the image cache.' },
      (parts) => parts.cache.clean(),
    ),
}

/** `glance-cache-pruner`: keeps the cache to its size. @see glance `cmd/cache_pruner.py` */
export const pruner = {
  main: (argv: string[]) =>
    run(
      argv,
      {
        name: 'glance-cache-pruner',
        description: 'Removes the least recently used images until the image cache has its size.',
      },
      async (parts) => void (await parts.cache.prune()),
    ),
}

/** `glance-cache-prefetcher`: fetches the queue. What fails is logged and stays in the queue. @see glance `cmd/cache_prefetcher.py` */
export const prefetcher = {
  main: (argv: string[]) =>
    run(
      argv,
      {
        name: 'glance-cache-prefetcher',
        description: 'Fetches the images that are queued for the image cache.',
        needsImages: true,
      },
      async ({ cache, repositories, stores, log }) => {
        if (repositories === undefined) return
        const opened = await stores.open(log)
        try {
          await new Prefetcher(cache, { images: repositories.images, stores: opened, log }).run(stopSignal())
        } finally {
          await opened.close()
        }
      },
    ),
}

/** Reads the configuration, does the work with the cache, and closes what was opened. @returns the exit code */
async function run(
  argv: string[],
  program: { name: string; description: string; needsImages?: true },
  work: (parts: Parts) => Promise<void>,
): Promise<number> {
  const args = parseServiceArguments({ ...program, version }, argv)
  const { metadata, logging, cache: cacheSettings, stores, locationKey } = await readSettings(args, program)
  await using opened = new AsyncDisposableStack()
  const log = await openLog(logging)
  opened.defer(() => log.flush())
  const repositories = metadata && opened.adopt(await metadata.open(log, { locationKey }), (it) => it.close())
  const digests = opened.adopt(new DigestPool(), (it) => it.close())
  const cache = await cacheSettings.open({ digests, central: repositories?.caches, log })
  if (cache === undefined) return 1
  opened.adopt(cache, (it) => it.close())
  await work({ cache, repositories, stores, log })
  return 0
}

/** Those of the service count, where those for the cache say nothing else. @see glance `common/config.py` parse_cache_args */
async function readSettings({ files, dirs, overrides }: ServiceArguments, { needsImages }: { needsImages?: true }) {
  const config = await Config.load({
    files,
    dirs,
    program: ['glance-api', 'glance-cache'],
    env: process.env,
    declared: chapters,
    overrides: { DEFAULT: overrides },
  })
  const metadata = readMetadataIfAny(config)
  if (needsImages && metadata === undefined) {
    config.refuse({ group: 'database', name: 'connection' }, 'expected the URL of a database')
  }
  const settings = {
    metadata,
    logging: config.group('DEFAULT', loggingOptions),
    cache: readCache(config),
    stores: readStores(config),
    locationKey: readLocationKey(config),
  }
  if (!settings.cache.isEnabled) {
    config.refuse({ group: 'DEFAULT', name: 'image_cache_dir' }, 'expected the directory of the image cache')
  }
  config.finish(knownOptions)
  return settings
}

/** Aborted by SIGTERM and SIGINT: what is half fetched stays for the next run. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => controller.abort())
  return controller.signal
}
