import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import type { OptionGroup, Values } from '../../../src/config/option.ts'
import { ImageCache } from '../../../src/domain/cache/image-cache.ts'
import { Prefetcher } from '../../../src/domain/cache/prefetcher.ts'
import { DigestPool } from '../../../src/domain/data/digest-pool.ts'
import { StoreSet } from '../../../src/domain/data/store-set.ts'
import { import_filtering_optsOptions } from '../../../src/domain/fetch/options.ts'
import { type ImageConfig, imageFormatOptions, imageOptions } from '../../../src/domain/images/options.ts'
import { imageDecompression } from '../../../src/domain/import/decompress.ts'
import type { ImportPlugin } from '../../../src/domain/import/plugin.ts'
import { JobQueue } from '../../../src/domain/jobs/job-queue.ts'
import { locationOptions } from '../../../src/domain/locations/options.ts'
import { Policy } from '../../../src/domain/policy/policy.ts'
import { PropertyProtections } from '../../../src/domain/protections/property-protections.ts'
import type { PropertyRule } from '../../../src/domain/protections/rules.ts'
import { ProjectQuotas } from '../../../src/domain/quota/project-quotas.ts'
import { storageQuota } from '../../../src/domain/quota/storage-quota.ts'
import { openCacheFolder } from '../../../src/drivers/cache/cache-folder.ts'
import { openSqliteRecords } from '../../../src/drivers/cache/sqlite-records.ts'
import { sealerOf } from '../../../src/drivers/db/encryption/location-cipher.ts'
import { openRepositories } from '../../../src/drivers/db/open.ts'
import { openWebFetcher } from '../../../src/drivers/fetch/web-fetcher.ts'
import { programUnpacker } from '../../../src/drivers/programs/unpack.ts'
import { openFileStore } from '../../../src/drivers/stores/file/file-store.ts'
import { fileStoreOptions } from '../../../src/drivers/stores/file/options.ts'
import { openHttpStore } from '../../../src/drivers/stores/http/http-store.ts'
import { httpStoreOptions } from '../../../src/drivers/stores/http/options.ts'
import { GlimpseError } from '../../../src/errors/error.ts'
import { createApp } from '../../../src/http/app.ts'
import type { AppConfig, AppDependencies } from '../../../src/http/dependencies.ts'
import { httpOptions } from '../../../src/http/options.ts'
import { corsOptions } from '../../../src/http/plugins/cors.ts'
import { healthcheckOptions } from '../../../src/http/plugins/healthcheck.ts'
import { proxyOptions, sslHeaderOptions } from '../../../src/http/plugins/proxy.ts'
import { webRules } from '../../../src/main/compose-fetch.ts'
import { jobRunnerOf, stagingArea } from '../../../src/main/compose-jobs.ts'
import type { IdentityService } from '../../../src/ports/identity.ts'
import type { Logger } from '../../../src/ports/logger.ts'
import type { QuotaLimits } from '../../../src/ports/quota.ts'
import type { Repositories } from '../../../src/ports/repositories.ts'
import { throughRegistry } from '../../support/registry.ts'
import { testsRegistry } from '../../support/registry-process.ts'

function defaultsOf<G extends OptionGroup>(group: G): Values<G> {
  return Object.fromEntries(Object.entries(group).map(([name, { default: value }]) => [name, value])) as Values<G>
}

/** A token is `project:role`, or several roles with commas between; anything else is refused. */
const identity: IdentityService = {
  challenge: 'Keystone uri="http://identity.example"',
  close: async () => {},
  authenticate({ token = '' }) {
    const [projectId, role] = token.split(':')
    if (!projectId || !role) throw new GlimpseError('unauthorized', {})
    const domains = { userDomainId: 'default', projectDomainId: 'default', domainId: null }
    return { userId: 'u', projectId, ...domains, roles: role.split(','), systemScope: null, serviceRoles: [], token }
  },
}

/** One line of the log. */
export interface LogLine {
  readonly level: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

function recordingLog(lines: LogLine[]): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields: fields as Record<string, unknown> })
  const log: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  }
  return log
}

export interface ApiServer extends AsyncDisposable {
  readonly url: string
  /** Where the store keeps its files. */
  readonly folder: string
  /** Where staged data lies. */
  readonly stagingFolder: string
  readonly repositories: Repositories
  readonly metrics: Registry
  readonly lines: readonly LogLine[]
  call(token: string | null, method: string, path: string, options?: CallOptions): Promise<Response>
}

export interface CallOptions {
  readonly json?: unknown
  /** Of unknown length if it is a stream. */
  readonly body?: string | Buffer | ReadableStream<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
}

/** What the service is built with; the usual parts unless given. */
export interface ApiParts {
  readonly protections?: readonly PropertyRule[]
  readonly customProperties?: AppDependencies['customProperties']
  readonly policyRules?: Readonly<Record<string, string>>
  readonly enforceNewDefaults?: boolean
  /** Hosts that `[import_filtering_opts] allowed_hosts` names; a store `web` reads from them. None: there is no such store. */
  readonly webHosts?: readonly string[]
  readonly locations?: Partial<AppConfig['locations']>
  /** `user_storage_quota`; none unless given. */
  readonly storageQuotaBytes?: number | null
  /** In place of `storageQuotaBytes`. */
  readonly quotaLimits?: QuotaLimits
  /** Jobs are run here too. */
  readonly runsJobs?: boolean
  /** There is a second store to write to, called `two`. */
  readonly twoStores?: boolean
  /** `image_size_cap`; 1 GiB unless given. */
  readonly capBytes?: number
  /** Made with the folder for staged data; decompression unless given. */
  readonly importPlugins?: (parts: { stagingFolder: string; log: Logger }) => readonly ImportPlugin[]
  /** Downloads go through an image cache, which has its management API of old too. */
  readonly caches?: boolean
}

/** Serves the API on a port of its own, over SQLite in memory and a folder, with the options given. */
export async function startApi(
  images: Partial<ImageConfig> = {},
  {
    protections,
    customProperties = null,
    policyRules = {},
    enforceNewDefaults = false,
    webHosts = [],
    locations = {},
    runsJobs = false,
    storageQuotaBytes = null,
    quotaLimits,
    twoStores = false,
    capBytes = 2 ** 30,
    importPlugins = () => [imageDecompression(programUnpacker)],
    caches = false,
  }: ApiParts = {},
): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-api-'))
  const stagingFolder = await mkdtemp(join(tmpdir(), 'glimpse-staging-'))
  const secondFolder = await mkdtemp(join(tmpdir(), 'glimpse-second-'))
  const database = await openRepositories({ connection: 'sqlite://', createSchema: true })
  const repositories = testsRegistry() ? await throughRegistry(database) : database
  const store = await openFileStore('one', {
    ...defaultsOf(fileStoreOptions),
    filesystem_store_datadir: folder,
  })
  const web = await openHttpStore('web', defaultsOf(httpStoreOptions), {
    trusts: (host) => webHosts.includes(host),
    refuses: () => false,
    follows: () => false,
  })
  const staging = await openFileStore('os_glance_staging_store', {
    ...defaultsOf(fileStoreOptions),
    filesystem_store_datadir: stagingFolder,
  })
  const two = await openFileStore('two', {
    ...defaultsOf(fileStoreOptions),
    filesystem_store_datadir: secondFolder,
  })
  const common = { properties: {}, description: null, weight: 0, reserved: false }
  const stores = new StoreSet(
    [
      { store, type: 'file', ...common },
      ...(twoStores ? [{ store: two, type: 'file', ...common }] : []),
      ...(webHosts.length > 0 ? [{ store: web, type: 'http', ...common }] : []),
      { store: staging, type: 'file', ...common, reserved: true },
    ],
    {
      defaultId: 'one',
      multiple: true,
    },
  )
  const digests = new DigestPool({ threads: 2 })
  const metrics = new Registry()
  const lines: LogLine[] = []
  const cacheFolder = await mkdtemp(join(tmpdir(), 'glimpse-cache-'))
  const cache = caches
    ? new ImageCache({
        folder: await openCacheFolder(cacheFolder),
        records: openSqliteRecords(join(cacheFolder, 'cache.db')),
        digests,
        maxBytes: 2 ** 30,
        stallMs: 3_600_000,
        log: recordingLog(lines),
      })
    : undefined
  const prefetcher = cache && new Prefetcher(cache, { images: repositories.images, stores, log: recordingLog(lines) })
  const policy = new Policy({ enforceNewDefaults, enforceScope: false, defaultRule: 'default' })
  policy.useRules([{ file: 'policy.yaml', rules: policyRules }])
  const importFiltering = {
    ...defaultsOf(import_filtering_optsOptions),
    allowed_hosts: webHosts,
    allowed_ports: [],
  }
  const dependencies: AppDependencies = {
    repositories,
    identity,
    policy,
    protections: protections && new PropertyProtections(protections, policy),
    quotas: new ProjectQuotas(repositories.quota, {
      limits: quotaLimits ?? (storageQuotaBytes === null ? null : storageQuota(storageQuotaBytes)),
      log: recordingLog(lines),
    }),
    stores,
    jobs: new JobQueue(repositories.jobs),
    sealer: sealerOf(null),
    staging: stagingArea(stores, stagingFolder),
    fetcher: openWebFetcher(webRules(importFiltering, [])),
    importPlugins: importPlugins({ stagingFolder, log: recordingLog(lines) }),
    digests,
    cache,
    prefetcher,
    libc: undefined,
    log: recordingLog(lines),
    metrics,
    customProperties,
    config: {
      http: defaultsOf(httpOptions),
      images: { ...defaultsOf(imageOptions), ...images },
      formats: defaultsOf(imageFormatOptions),
      cors: defaultsOf(corsOptions),
      healthcheck: defaultsOf(healthcheckOptions),
      proxy: defaultsOf(proxyOptions),
      sslHeader: defaultsOf(sslHeaderOptions),
      maxRequestIdLength: 64,
      allowAnonymousAccess: false,
      cacheEnabled: caches,
      cacheServesDownloads: caches,
      hasCacheManagement: caches,
      importMethods: ['glance-direct', 'web-download', 'copy-image'],
      taskTimeToLiveHours: 48,
      hashingAlgorithm: 'sha512',
      locations: { ...defaultsOf(locationOptions), ...locations },
      importFiltering,

      inject: { ignore_user_roles: ['admin'], inject: { injected: 'yes', os_glance_x: 'no' } },
      remotePrefixes: [],
      workerUrl: null,
      stageWatchMs: 600_000,
      replicationRules: [],
      upload: { capBytes },
    },
  }
  const app = createApp(dependencies)
  const stopping = new AbortController()
  const prefetching = prefetcher?.serve(stopping.signal)
  const jobs =
    runsJobs &&
    jobRunnerOf(dependencies, { concurrency: 2, times: { firstPauseMs: 20, pollMs: 500 } }).run(stopping.signal)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  return {
    url,
    folder,
    stagingFolder,
    repositories,
    metrics,
    lines,
    call: (token, method, path, { json, body, headers } = {}) =>
      fetch(url + path, {
        method,
        duplex: 'half',
        redirect: 'manual',
        headers: { accept: 'application/json', ...(token === null ? {} : { 'x-auth-token': token }), ...headers },
        ...(json === undefined && body === undefined ? {} : { body: body ?? JSON.stringify(json) }),
      }),
    async [Symbol.asyncDispose]() {
      await app.close()
      stopping.abort()
      await jobs
      await prefetching
      await cache?.close()
      await Promise.all([repositories.close(), stores.close(), web.close(), digests.close()])
      for (const each of [folder, stagingFolder, secondFolder, cacheFolder])
        await rm(each, { recursive: true, force: true })
    },
  }
}
