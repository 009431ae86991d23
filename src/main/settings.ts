import { Config } from '../config/config.ts'
import { apiOptions } from '../config/groups/api.ts'
import { listeningOptions } from '../config/groups/listening.ts'
import { serverOptions } from '../config/groups/server.ts'
import { knownOptions } from '../config/known-options.ts'
import { nodeHashName } from '../domain/data/hash-names.ts'
import { imageDataOptions } from '../domain/images/data-options.ts'
import { imageFormatOptions, imageOptions } from '../domain/images/options.ts'
import { glanceDownloadOptions, importOptions, ownImportOptions } from '../domain/import/options.ts'
import { jobOptions, ownJobOptions } from '../domain/jobs/options.ts'
import { locationOptions } from '../domain/locations/options.ts'
import { taskOptions } from '../domain/tasks/options.ts'
import type { AppConfig } from '../http/dependencies.ts'
import { httpOptions } from '../http/options.ts'
import { contextOptions } from '../http/plugins/context-options.ts'
import { corsOptions } from '../http/plugins/cors.ts'
import { healthcheckOptions } from '../http/plugins/healthcheck.ts'
import { proxyOptions, sslHeaderOptions } from '../http/plugins/proxy.ts'
import type { ServiceArguments } from './arguments.ts'
import { type CacheSettings, readCache } from './compose-cache.ts'
import { readImportFiltering } from './compose-fetch.ts'
import { type IdentitySettings, readIdentity } from './compose-identity.ts'
import { type MetadataSettings, readMetadata } from './compose-metadata.ts'
import { type PluginSettings, readPlugins } from './compose-plugins.ts'
import { type PolicySettings, readPolicy } from './compose-policy.ts'
import { type ProtectionSettings, readProtections } from './compose-protections.ts'
import { type QuotaSettings, readQuotas } from './compose-quotas.ts'
import { readReplication } from './compose-replication.ts'
import { readStores, type StoreSettings } from './compose-stores.ts'
import { listeningHost, workerCount } from './listening.ts'
import { readLocationKey } from './location-key.ts'
import { loggingOptions } from './logging.ts'
import { metricsOptions } from './metrics-server.ts'
import { chapters } from './options.ts'
import type { ProgramSettings } from './passes/kept-program.ts'
import { readProgramsInApi } from './passes/programs.ts'
import { type ListenSettings, listenSettings } from './serve.ts'
import type { ServiceSettings } from './service.ts'

/** All that glance-api goes by, read and checked; nothing is open yet. */
export interface ApiSettings extends ServiceSettings {
  readonly app: AppConfig
  readonly metadata: MetadataSettings
  readonly identity: IdentitySettings
  readonly policy: PolicySettings
  readonly protections: ProtectionSettings
  readonly quotas: QuotaSettings
  readonly stores: StoreSettings
  readonly cache: CacheSettings
  readonly plugins: PluginSettings
  /** Jobs that one process runs at the same time. */
  readonly jobConcurrency: number
  readonly jobLeaseMs: number
  /** Programs that work by passes in this process. */
  readonly programs: readonly ProgramSettings[]
  /** `metadata_encryption_key` */
  readonly locationKey: string | null
  readonly listen: ListenSettings
}

/** Reads the whole configuration of glance-api. @throws ConfigError with all faults */
export async function readApiSettings(args: ServiceArguments, env: NodeJS.ProcessEnv): Promise<ApiSettings> {
  const config = await Config.load({
    files: args.files,
    dirs: args.dirs,
    program: 'glance-api',
    env,
    declared: chapters,
    overrides: { DEFAULT: args.overrides },
  })
  const server = config.group('DEFAULT', serverOptions)
  const api = config.group('DEFAULT', apiOptions)
  const data = config.group('DEFAULT', imageDataOptions)
  const metrics = config.group('glimpse', metricsOptions)
  const { allow_remote_without_auth } = config.group('glimpse', listeningOptions)
  const cache = readCache(config)
  const context = config.group('DEFAULT', contextOptions)
  const logging = config.group('DEFAULT', loggingOptions)
  const identity = readIdentity(config)
  const plugins = readPlugins(config)
  const hashingAlgorithm = nodeHashName(data.hashing_algorithm)
  if (hashingAlgorithm === undefined) {
    config.refuse({ group: 'DEFAULT', name: 'hashing_algorithm' }, 'expected a hash that this system can compute')
  }
  const settings = {
    app: {
      http: config.group('DEFAULT', httpOptions),
      images: config.group('DEFAULT', imageOptions),
      formats: config.group('image_format', imageFormatOptions),
      cors: config.group('cors', corsOptions),
      healthcheck: config.group('healthcheck', healthcheckOptions),
      proxy: config.group('oslo_middleware', proxyOptions),
      sslHeader: config.group('DEFAULT', sslHeaderOptions),
      maxRequestIdLength: context.max_request_id_length,
      allowAnonymousAccess: context.allow_anonymous_access,
      cacheEnabled: cache.isEnabled,
      cacheServesDownloads: cache.servesDownloads,
      hasCacheManagement: cache.hasManagement,
      importMethods: api.enabled_import_methods,
      inject: plugins.inject,
      remotePrefixes: config.group('glance_download_properties', glanceDownloadOptions).extra_properties,
      workerUrl: config.group('DEFAULT', importOptions).worker_self_reference_url,
      stageWatchMs: config.group('glimpse', ownImportOptions).staged_import_timeout * 1000,
      taskTimeToLiveHours: config.group('task', taskOptions).task_time_to_live,
      hashingAlgorithm: data.hashing_algorithm,
      importFiltering: readImportFiltering(config),
      upload: { capBytes: data.image_size_cap },
      replicationRules: readReplication(config).configured,
      locations: config.group('DEFAULT', locationOptions),
    },
    metadata: readMetadata(config),
    policy: readPolicy(config),
    protections: await readProtections(config),
    quotas: readQuotas(config),
    plugins,
    stores: readStores(config),
    cache,
    jobConcurrency: config.group('taskflow_executor', jobOptions).max_workers,
    jobLeaseMs: config.group('glimpse', ownJobOptions).job_lease * 1000,
    programs: readProgramsInApi(config),
    locationKey: readLocationKey(config),
  }
  const report = config.finish(knownOptions)
  return {
    ...settings,
    identity,
    logging,
    metrics,
    workers: workerCount(server.workers),
    listen: listenSettings(server, {
      host: listeningHost({
        server,
        hostIsGiven: config.isSet('DEFAULT', 'bind_host'),
        authenticates: identity.authenticates,
        allowRemoteWithoutAuth: allow_remote_without_auth,
      }),
    }),
    files: config.files,
    report,
  }
}
