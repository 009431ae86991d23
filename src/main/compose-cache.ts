import type { Config } from '../config/config.ts'
import { pasteDeployOptions } from '../config/groups/paste-deploy.ts'
import { ImageCache } from '../domain/cache/image-cache.ts'
import { cacheOptions } from '../domain/cache/options.ts'
import type { DigestPool } from '../domain/data/digest-pool.ts'
import { importOptions } from '../domain/import/options.ts'
import { openCacheFolder } from '../drivers/cache/cache-folder.ts'
import { openRecords } from '../drivers/cache/open-records.ts'
import type { CentralCacheRecords } from '../ports/cache.ts'
import type { Logger } from '../ports/logger.ts'

/** The image cache as configured; opened later. */
export interface CacheSettings {
  /** `image_cache_dir` is set. */
  readonly isEnabled: boolean
  /** The flavor sends downloads through the cache. */
  readonly servesDownloads: boolean
  /** The flavor has the management API of old. */
  readonly hasManagement: boolean
  readonly prefetchMs: number
  /** @returns undefined without `image_cache_dir`. @throws cache_unusable */
  open(options: {
    digests: DigestPool
    central: CentralCacheRecords | undefined
    log: Logger
  }): Promise<ImageCache | undefined>
}

export function readCache(config: Config): CacheSettings {
  const values = config.group('DEFAULT', cacheOptions)
  const { worker_self_reference_url: nodeUrl } = config.group('DEFAULT', importOptions)
  const flavor = config.group('paste_deploy', pasteDeployOptions).flavor?.trim().split('+') ?? []
  const directory = values.image_cache_dir
  const hasManagement = flavor.includes('cachemanagement')
  const servesDownloads = hasManagement || flavor.includes('caching')
  if (servesDownloads && directory === null) {
    config.refuse({ group: 'DEFAULT', name: 'image_cache_dir' }, 'expected a directory: the flavor has the image cache')
  }
  return {
    isEnabled: directory !== null,
    servesDownloads,
    hasManagement,
    prefetchMs: values.cache_prefetcher_interval * 1000,
    async open({ digests, central, log }) {
      if (directory === null) return undefined
      const records = openRecords({
        driver: values.image_cache_driver,
        directory,
        sqliteName: values.image_cache_sqlite_db,
        nodeUrl,
        central,
        log,
      })
      return new ImageCache({
        folder: await openCacheFolder(directory),
        records,
        digests,
        maxBytes: values.image_cache_max_size,
        stallMs: values.image_cache_stall_time * 1000,
        log,
      })
    },
  }
}
