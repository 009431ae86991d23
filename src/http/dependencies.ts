import type { Registry } from 'prom-client'
import type { Values } from '../config/option.ts'
import type { ImageCache } from '../domain/cache/image-cache.ts'
import type { Prefetcher } from '../domain/cache/prefetcher.ts'
import type { DigestPool } from '../domain/data/digest-pool.ts'
import type { StoreSet } from '../domain/data/store-set.ts'
import type { ImportFilteringConfig } from '../domain/fetch/options.ts'
import type { ImageConfig, imageFormatOptions } from '../domain/images/options.ts'
import type { UploadLimits } from '../domain/images/upload.ts'
import type { InjectConfig } from '../domain/import/options.ts'
import type { ImportPlugin } from '../domain/import/plugin.ts'
import type { StagingArea } from '../domain/import/staging-area.ts'
import type { JobQueue } from '../domain/jobs/job-queue.ts'
import type { LocationConfig } from '../domain/locations/options.ts'
import type { Policy } from '../domain/policy/policy.ts'
import type { PropertyProtections } from '../domain/protections/property-protections.ts'
import type { ProjectQuotas } from '../domain/quota/project-quotas.ts'
import type { Fetcher } from '../ports/fetcher.ts'
import type { IdentityService } from '../ports/identity.ts'
import type { Logger } from '../ports/logger.ts'
import type { ReplicationRule } from '../ports/replication.ts'
import type { Repositories } from '../ports/repositories.ts'
import type { Sealer } from '../ports/sealer.ts'
import type { HttpConfig } from './options.ts'
import type { CorsConfig } from './plugins/cors.ts'
import type { HealthcheckConfig } from './plugins/healthcheck.ts'
import type { ProxyConfig, sslHeaderOptions } from './plugins/proxy.ts'
import type { ImageDataOptions } from './routes/image-data.ts'
import type { CustomProperties } from './schemas/image.ts'

/** Values of options, group by group, as they were read. */
export interface AppConfig {
  readonly http: HttpConfig
  readonly images: ImageConfig
  readonly formats: Values<typeof imageFormatOptions>
  readonly cors: CorsConfig
  readonly healthcheck: HealthcheckConfig
  readonly proxy: ProxyConfig
  readonly sslHeader: Values<typeof sslHeaderOptions>
  /** `max_request_id_length` */
  readonly maxRequestIdLength: number
  /** `allow_anonymous_access` */
  readonly allowAnonymousAccess: boolean
  /** `image_cache_dir` is set. */
  readonly cacheEnabled: boolean
  /** The flavor sends downloads through the cache. */
  readonly cacheServesDownloads: boolean
  /** The flavor has the cache's management API of old. */
  readonly hasCacheManagement: boolean
  /** `enabled_import_methods`, as `/info/import` and a header of creations name them; empty: no such header. */
  readonly importMethods: readonly string[]
  /** `task_time_to_live` of `[task]` */
  readonly taskTimeToLiveHours: number
  /** `hashing_algorithm` */
  readonly hashingAlgorithm: string
  readonly importFiltering: ImportFilteringConfig
  readonly locations: Pick<LocationConfig, 'do_secure_hash' | 'http_retries'>
  readonly upload: UploadLimits
  /** Undefined: imported images get no properties. */
  readonly inject: InjectConfig | undefined
  /** `[glance_download_properties] extra_properties` */
  readonly remotePrefixes: readonly string[]
  /** Rules of `[replication]`. */
  readonly replicationRules: readonly ReplicationRule[]
  /** `worker_self_reference_url` */
  readonly workerUrl: string | null
  /** `staged_import_timeout` */
  readonly stageWatchMs: number
}

/** Everything that the HTTP layer is built on. Whoever makes these values closes them. */
export interface AppDependencies {
  readonly repositories: Repositories
  readonly identity: IdentityService
  readonly policy: Policy
  /** Undefined: properties of images are not protected. */
  readonly protections: PropertyProtections | undefined
  readonly quotas: ProjectQuotas
  readonly stores: StoreSet
  readonly jobs: JobQueue
  readonly sealer: Sealer
  readonly staging: StagingArea
  readonly fetcher: Fetcher
  /** What is done to the data of imports, in order. */
  readonly importPlugins: readonly ImportPlugin[]
  readonly digests: DigestPool
  /** Undefined: `image_cache_dir` is not set. */
  readonly cache: ImageCache | undefined
  readonly prefetcher: Prefetcher | undefined
  /** For zero-copy downloads; undefined where the platform has none. */
  readonly libc: ImageDataOptions['libc']
  readonly log: Logger
  readonly metrics: Registry
  /** What `schema-image.json` holds; null without such a file. */
  readonly customProperties: CustomProperties | null
  readonly config: AppConfig
}
