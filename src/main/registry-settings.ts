import { Config } from '../config/config.ts'
import { databaseOptions } from '../config/groups/database.ts'
import { pasteDeployOptions } from '../config/groups/paste-deploy.ts'
import { serverOptions } from '../config/groups/server.ts'
import { knownOptions } from '../config/known-options.ts'
import type { OptionGroup } from '../config/option.ts'
import type { Chapter } from '../config/render.ts'
import { oslo_policyOptions, policyDefaultOptions } from '../domain/policy/options.ts'
import { keystone_authtokenOptions, keystoneAccountOptions } from '../drivers/identity/keystone-options.ts'
import { contextOptions } from '../http/plugins/context-options.ts'
import { type HealthcheckConfig, healthcheckOptions } from '../http/plugins/healthcheck.ts'
import type { ServiceArguments } from './arguments.ts'
import { type IdentitySettings, readIdentity } from './compose-identity.ts'
import { inDatabase, type MetadataSettings } from './compose-metadata.ts'
import { type PolicySettings, readPolicy } from './compose-policy.ts'
import { isLoopback, workerCount } from './listening.ts'
import { loggingOptions } from './logging.ts'
import { metricsOptions } from './metrics-server.ts'
import { type ListenSettings, listenSettings } from './serve.ts'
import type { ServiceSettings } from './service.ts'

/** `[DEFAULT]`: how glance-registry listens; as glance-api, at a port of its own. @see glance `cmd/registry.py` (Mitaka) */
const registryServerOptions = {
  ...serverOptions,
  bind_port: { ...serverOptions.bind_port, default: 9191 },
} as const satisfies OptionGroup

/** All options of glance-registry, in the order of its sample file. */
export const registryChapters: readonly Chapter[] = [
  { group: 'DEFAULT', title: 'Server', options: registryServerOptions },
  { group: 'DEFAULT', title: 'Log', options: loggingOptions },
  { group: 'DEFAULT', title: 'Requests', options: { max_request_id_length: contextOptions.max_request_id_length } },
  { group: 'DEFAULT', title: 'Policy', options: policyDefaultOptions },
  { group: 'glimpse', title: 'Metrics', options: metricsOptions },
  { group: 'database', title: 'Database', options: databaseOptions },
  { group: 'paste_deploy', title: 'What stands before the registry', options: pasteDeployOptions },
  { group: 'keystone_authtoken', title: 'Validation of tokens', options: keystone_authtokenOptions },
  { group: 'keystone_authtoken', title: 'Account of the service at Keystone', options: keystoneAccountOptions },
  { group: 'oslo_policy', title: 'Policy', options: oslo_policyOptions },
  { group: 'healthcheck', title: 'Health check', options: healthcheckOptions },
]

/** All that glance-registry goes by, read and checked; nothing is open yet. */
export interface RegistrySettings extends ServiceSettings {
  readonly metadata: MetadataSettings
  readonly identity: IdentitySettings
  readonly policy: PolicySettings
  readonly healthcheck: HealthcheckConfig
  readonly maxRequestIdLength: number
  readonly listen: ListenSettings
}

/** Reads the whole configuration of glance-registry. @throws ConfigError with all faults */
export async function readRegistrySettings(args: ServiceArguments, env: NodeJS.ProcessEnv): Promise<RegistrySettings> {
  const config = await Config.load({
    files: args.files,
    dirs: args.dirs,
    program: 'glance-registry',
    env,
    declared: registryChapters,
    overrides: { DEFAULT: args.overrides },
  })
  const server = config.group('DEFAULT', registryServerOptions)
  const logging = config.group('DEFAULT', loggingOptions)
  const identity = readIdentity(config)
  const settings = {
    metadata: inDatabase(config),
    identity,
    policy: readPolicy(config),
    healthcheck: config.group('healthcheck', healthcheckOptions),
    maxRequestIdLength: config.group('DEFAULT', contextOptions).max_request_id_length,
    logging,
    metrics: config.group('glimpse', metricsOptions),
    workers: workerCount(server.workers),
    listen: listenSettings(server, { host: listeningHost(config, { host: server.bind_host, identity }) }),
  }
  return { ...settings, report: config.finish(knownOptions), files: config.files }
}

/** Whoever reaches a registry that asks for no token can change everything: it is reached from this machine only. */
function listeningHost(config: Config, { host, identity }: { host: string; identity: IdentitySettings }): string {
  if (identity.authenticates || isLoopback(host)) return host
  if (config.isSet('DEFAULT', 'bind_host')) {
    const problem = 'expected an address of this machine alone, such as 127.0.0.1, or [paste_deploy] flavor = keystone'
    config.refuse({ group: 'DEFAULT', name: 'bind_host' }, problem)
  }
  return '127.0.0.1'
}
