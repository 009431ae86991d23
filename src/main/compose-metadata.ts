import type { Config } from '../config/config.ts'
import { type DatabaseConfig, databaseOptions } from '../config/groups/database.ts'
import { keystone_authtokenOptions, keystoneAccountOptions } from '../drivers/identity/keystone-options.ts'
import { registryClientOptions } from '../drivers/registry/options.ts'
import type { Logger } from '../ports/logger.ts'
import type { Repositories } from '../ports/repositories.ts'

/** Where images and all that is known of them are kept: a database, or a glance-registry that holds one. */
export interface MetadataSettings {
  /** How often it is asked whether it is up, at start. */
  readonly retry: Pick<DatabaseConfig, 'max_retries' | 'retry_interval'>
  /**
   * @param options.locationKey encrypts the URLs of locations
   * @param options.createSchema makes the schema of an SQLite database, or brings it up to date
   * @throws database_url_invalid, database_unavailable
   */
  open(log: Logger, options: OpenOptions): Promise<Repositories>
}

interface OpenOptions {
  readonly locationKey: string | null
  readonly createSchema?: boolean
}

/** Reads `data_api`, and `[database]` or the options of the registry. */
export function readMetadata(config: Config): MetadataSettings {
  const registry = config.group('DEFAULT', registryClientOptions)
  return registry.data_api === 'glance.db.registry.api' ? inRegistry(config) : inDatabase(config)
}

/** The same; undefined if neither a database nor a registry is configured. */
export function readMetadataIfAny(config: Config): MetadataSettings | undefined {
  const { data_api } = config.group('DEFAULT', registryClientOptions)
  const { connection } = config.group('database', databaseOptions)
  return connection === null && data_api === 'glance.db.sqlalchemy.api' ? undefined : readMetadata(config)
}

/** Reads `[database]`. */
export function inDatabase(config: Config): MetadataSettings {
  const database = config.group('database', databaseOptions)
  const { connection } = database
  if (connection === null) {
    config.refuse(
      { group: 'database', name: 'connection' },
      'expected the URL of a database; `glimpse up` starts a service with one of its own',
    )
  }
  return {
    retry: database,
    async open(_log, { locationKey, createSchema = false }) {
      const { openRepositories, poolOptionsOf } = await import('../drivers/db/open.ts')
      return openRepositories({
        connection: connection ?? '',
        pool: poolOptionsOf(database),
        createSchema: createSchema && (connection ?? '').startsWith('sqlite'),
        locationKey,
      })
    },
  }
}

/** The service proves itself with its account of `[keystone_authtoken]`, if it has one. */
function inRegistry(config: Config): MetadataSettings {
  const registry = config.group('DEFAULT', registryClientOptions)
  const authtoken = config.group('keystone_authtoken', keystone_authtokenOptions)
  const account = config.group(authtoken.auth_section ?? 'keystone_authtoken', keystoneAccountOptions)
  const hasAccount = [account.auth_type, account.username, account.user_id, account.admin_user].some(
    (it) => it !== null,
  )
  return {
    retry: config.group('database', databaseOptions),
    async open(log, { locationKey }) {
      const { openRegistry } = await import('../drivers/registry/open.ts')
      return openRegistry({
        config: registry,
        account: hasAccount ? { authtoken, account, log } : null,
        log,
        locationKey,
      })
    },
  }
}
