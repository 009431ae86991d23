import { replicatorOptions } from '../cli/replicator/options.ts'
import { apiOptions } from '../config/groups/api.ts'
import { databaseOptions } from '../config/groups/database.ts'
import { listeningOptions } from '../config/groups/listening.ts'
import { pasteDeployOptions } from '../config/groups/paste-deploy.ts'
import { serverOptions } from '../config/groups/server.ts'
import { backendOptions, glanceStoreOptions } from '../config/groups/stores.ts'
import type { Chapter } from '../config/render.ts'
import { auditorOptions } from '../domain/audit/options.ts'
import { cacheOptions } from '../domain/cache/options.ts'
import { import_filtering_optsOptions } from '../domain/fetch/options.ts'
import { imageDataOptions } from '../domain/images/data-options.ts'
import { imageFormatOptions, imageOptions } from '../domain/images/options.ts'
import {
  conversionOptions,
  glanceDownloadOptions,
  importOptions,
  importPluginOptions,
  injectOptions,
  ownConversionOptions,
  ownImportOptions,
} from '../domain/import/options.ts'
import { jobOptions, ownJobOptions } from '../domain/jobs/options.ts'
import { locationOptions } from '../domain/locations/options.ts'
import { metadefFileOptions } from '../domain/metadefs/options.ts'
import { oslo_policyOptions, policyDefaultOptions } from '../domain/policy/options.ts'
import { protectionOptions } from '../domain/protections/options.ts'
import { ownQuotaOptions, quotaOptions } from '../domain/quota/options.ts'
import { reaperOptions } from '../domain/reap/options.ts'
import { replicationOptions, replicationRuleOptions } from '../domain/replication/options.ts'
import { scrubberOptions } from '../domain/scrub/options.ts'
import { taskOptions } from '../domain/tasks/options.ts'
import { updaterOptions } from '../domain/update/options.ts'
import { keystone_authtokenOptions, keystoneAccountOptions } from '../drivers/identity/keystone-options.ts'
import { oslo_limitAccountOptions, oslo_limitOptions } from '../drivers/identity/limit-options.ts'
import { registryClientOptions } from '../drivers/registry/options.ts'
import { fileStoreOptions } from '../drivers/stores/file/options.ts'
import { httpStoreOptions } from '../drivers/stores/http/options.ts'
import { rbdStoreOptions } from '../drivers/stores/rbd/options.ts'
import { s3StoreOptions } from '../drivers/stores/s3/options.ts'
import { swiftStoreOptions } from '../drivers/stores/swift/options.ts'
import { httpOptions } from '../http/options.ts'
import { contextOptions } from '../http/plugins/context-options.ts'
import { corsOptions } from '../http/plugins/cors.ts'
import { healthcheckOptions } from '../http/plugins/healthcheck.ts'
import { proxyOptions, sslHeaderOptions } from '../http/plugins/proxy.ts'
import { loggingOptions } from './logging.ts'
import { metricsOptions } from './metrics-server.ts'

/** All declared options, in the order of the sample file and of docs/configuration.md. */
export const chapters: readonly Chapter[] = [
  { group: 'DEFAULT', title: 'Server', options: serverOptions },
  { group: 'DEFAULT', title: 'HTTP', options: { ...httpOptions, ...sslHeaderOptions, ...contextOptions } },
  { group: 'DEFAULT', title: 'API', options: apiOptions },
  { group: 'DEFAULT', title: 'Images', options: { ...imageOptions, ...imageDataOptions, ...locationOptions } },
  { group: 'DEFAULT', title: 'Quotas of projects', options: quotaOptions },
  { group: 'DEFAULT', title: 'Import', options: importOptions },
  {
    group: 'glance_download_properties',
    title: 'Import from another Glance',
    options: glanceDownloadOptions,
  },
  { group: 'image_import_opts', title: 'Plugins of imports', options: importPluginOptions },
  { group: 'image_conversion', title: 'Conversion of imported images', options: conversionOptions },
  { group: 'glimpse', title: 'Import', options: ownImportOptions },
  { group: 'glimpse', title: 'Conversion of imported images', options: ownConversionOptions },
  { group: 'inject_metadata_properties', title: 'Properties of imported images', options: injectOptions },
  { group: 'DEFAULT', title: 'Image cache', options: cacheOptions },
  { group: 'DEFAULT', title: 'Scrubber (glance-scrubber)', options: scrubberOptions },
  { group: 'DEFAULT', title: 'Replicator (glance-replicator)', options: replicatorOptions },
  { group: 'DEFAULT', title: 'Metadata definitions (glance-manage)', options: metadefFileOptions },
  { group: 'DEFAULT', title: 'Log', options: loggingOptions },
  { group: 'DEFAULT', title: 'Policy', options: policyDefaultOptions },
  { group: 'DEFAULT', title: 'Protection of properties', options: protectionOptions },
  { group: 'glimpse', title: 'Listening without authentication', options: listeningOptions },
  { group: 'glimpse', title: 'Metrics', options: metricsOptions },
  { group: 'glimpse', title: 'Quotas of projects', options: ownQuotaOptions },
  { group: 'database', title: 'Database', options: databaseOptions },
  { group: 'DEFAULT', title: 'Registry instead of a database', options: registryClientOptions },
  { group: 'paste_deploy', title: 'What stands before the API', options: pasteDeployOptions },
  { group: 'keystone_authtoken', title: 'Validation of tokens', options: keystone_authtokenOptions },
  { group: 'keystone_authtoken', title: 'Account of the service at Keystone', options: keystoneAccountOptions },
  { group: 'oslo_limit', title: 'Limits of projects', options: oslo_limitOptions },
  { group: 'oslo_limit', title: 'Account of the service for reading limits', options: oslo_limitAccountOptions },
  { group: 'glance_store', title: 'Stores', options: { ...glanceStoreOptions, ...backendOptions } },
  {
    group: 'glance_store',
    title: 'File store; with enabled_backends these stand in the section of the store',
    options: fileStoreOptions,
  },
  {
    group: 'glance_store',
    title: 'HTTP store; with enabled_backends these stand in the section of the store',
    options: httpStoreOptions,
  },
  {
    group: 'glance_store',
    title: 'Ceph RBD store; with enabled_backends these stand in the section of the store',
    options: rbdStoreOptions,
  },
  {
    group: 'glance_store',
    title: 'S3 store; with enabled_backends these stand in the section of the store',
    options: s3StoreOptions,
  },
  {
    group: 'import_filtering_opts',
    title: 'Web addresses that users may make the service fetch',
    options: import_filtering_optsOptions,
  },
  {
    group: 'glance_store',
    title: 'Swift store; with enabled_backends these stand in the section of the store',
    options: swiftStoreOptions,
  },
  { group: 'image_format', title: 'Formats of images', options: imageFormatOptions },
  { group: 'task', title: 'Tasks', options: taskOptions },
  { group: 'taskflow_executor', title: 'Jobs', options: jobOptions },
  { group: 'replication', title: 'Copies in several stores', options: replicationOptions },
  { group: 'replication:NAME', title: 'A rule for copies in several stores', options: replicationRuleOptions },
  { group: 'glimpse', title: 'Jobs', options: ownJobOptions },
  { group: 'auditor', title: 'Auditor (glance-auditor)', options: auditorOptions },
  { group: 'reaper', title: 'Reaper (glance-reaper)', options: reaperOptions },
  { group: 'updater', title: 'Updater (glance-updater)', options: updaterOptions },
  { group: 'oslo_policy', title: 'Policy', options: oslo_policyOptions },
  { group: 'oslo_middleware', title: 'Proxies and bodies', options: proxyOptions },
  { group: 'healthcheck', title: 'Health check', options: healthcheckOptions },
  { group: 'cors', title: 'Calls from web pages of other origins', options: corsOptions },
]
