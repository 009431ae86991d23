import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { sql } from 'kysely'
import { parseDatabaseUrl } from '../../config/database-url.ts'
import type { DatabaseConfig } from '../../config/groups/database.ts'
import type { Repositories } from '../../ports/repositories.ts'
import { type Database, defaultPoolOptions, type PoolOptions } from './database.ts'
import { withEncryptedLocations } from './encryption/encrypted-locations.ts'
import { LocationCipher } from './encryption/location-cipher.ts'
import { openMysql } from './engines/mysql.ts'
import { openPostgres } from './engines/postgres.ts'
import { openSqlite } from './engines/sqlite.ts'
import { Migrator } from './migrations/migrator.ts'
import { OwnTables } from './migrations/own-tables.ts'
import { SqlAuditRepository } from './repositories/audit.ts'
import { SqlCentralCacheRecords } from './repositories/cached-images.ts'
import { SqlFindingRepository } from './repositories/findings.ts'
import { SqlImageWalk } from './repositories/image-walk.ts'
import { SqlImageRepository } from './repositories/images.ts'
import { SqlJobRepository } from './repositories/jobs.ts'
import { SqlMemberRepository } from './repositories/members.ts'
import { SqlMetadefRepository } from './repositories/metadefs.ts'
import { SqlPassRepository } from './repositories/passes.ts'
import { SqlQuotaRepository } from './repositories/quota.ts'
import { SqlReapRepository } from './repositories/reap.ts'
import { SqlReplicationRepository } from './repositories/replication.ts'
import { SqlScrubRepository } from './repositories/scrub.ts'
import { SqlTaskRepository } from './repositories/tasks.ts'
import { Statements } from './statement.ts'

/** Connections without limit would end in the server's own limit, for all of its users. */
const unlimitedConnections = 100

/** The bounds that `[database]` gives. */
export function poolOptionsOf(config: DatabaseConfig): Partial<PoolOptions> {
  const {
    max_pool_size: size,
    max_overflow: overflow,
    pool_timeout: timeout,
    connection_recycle_time: recycle,
    mysql_wsrep_sync_wait: syncWait,
  } = config
  const maxConnections = size > 0 && overflow >= 0 ? size + overflow : unlimitedConnections
  return {
    maxConnections: Math.min(maxConnections, unlimitedConnections),
    acquireTimeoutMs: (timeout ?? 30) * 1000,
    maxAgeMs: Math.max(recycle, 0) * 1000,
    ...(syncWait !== null && { syncWait }),
  }
}

/**
 * Opens the database at an SQLAlchemy URL. Servers are connected to when they are needed, and again after they were away.
 * @throws database_url_invalid, database_unavailable (SQLite: the file cannot be opened)
 */
export async function openDatabase(url: string, options: Partial<PoolOptions> = {}): Promise<Database> {
  const target = parseDatabaseUrl(url)
  if (target.engine === 'sqlite') return openSqlite(target.path)
  const pool = { ...defaultPoolOptions, ...options }
  if (target.connectTimeoutSeconds) pool.connectTimeoutMs = target.connectTimeoutSeconds * 1000
  return target.engine === 'mysql' ? openMysql(target, pool) : openPostgres(target, pool)
}

/**
 * The repositories over the database at `connection`. With `createSchema` the schema is made or brought up to date first;
 * several processes may do so at once.
 * @throws database_url_invalid, database_unavailable
 */
export async function openRepositories(options: {
  connection: string
  pool?: Partial<PoolOptions>
  createSchema?: boolean
  /** Encrypts the URLs of locations; `isLocationKey` holds for it. */
  locationKey?: string | null
}): Promise<Repositories> {
  const { connection, pool, createSchema, locationKey } = options
  const target = parseDatabaseUrl(connection)
  if (createSchema && target.engine === 'sqlite' && target.path !== ':memory:') {
    await mkdir(dirname(target.path), { recursive: true })
  }
  const database = await openDatabase(connection, pool)
  try {
    if (createSchema) await new Migrator(database).sync()
  } catch (error) {
    await database.close()
    throw error
  }
  const repositories = repositoriesOver(database)
  return locationKey ? withEncryptedLocations(repositories, new LocationCipher(locationKey)) : repositories
}

/** The repositories over an open database, which `close` closes. */
export function repositoriesOver(database: Database): Repositories {
  const statements = new Statements(database.dialect)
  const tables = new OwnTables(database)
  const ping = statements.get('ping', () => sql`select 1`)
  return {
    images: new SqlImageRepository(database, statements),
    members: new SqlMemberRepository(database, statements),
    tasks: new SqlTaskRepository(database, statements),
    scrub: new SqlScrubRepository(database, statements),
    jobs: new SqlJobRepository(database, statements),
    metadefs: new SqlMetadefRepository(database, statements),
    quota: new SqlQuotaRepository(database, { statements, tables }),
    walk: new SqlImageWalk(database, statements),
    audit: new SqlAuditRepository(database, statements),
    reap: new SqlReapRepository(database, statements),
    passes: new SqlPassRepository(database, statements),
    findings: new SqlFindingRepository(database, statements),
    caches: new SqlCentralCacheRecords(database, statements),
    replication: new SqlReplicationRepository(database, statements),
    prepare: () => tables.ensure(),
    ping: async () => void (await database.rows(ping, {})),
    close: () => database.close(),
  }
}
