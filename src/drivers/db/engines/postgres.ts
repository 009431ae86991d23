import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { ServerTarget } from '../../../config/database-url.ts'
import { hasCode } from '../../../errors/error.ts'
import {
  capabilitiesOf,
  type Database,
  type PoolOptions,
  type Queryable,
  type Row,
  type SchemaSession,
  type Values,
} from '../database.ts'
import { bind, type Statement } from '../statement.ts'
import { DuplicateKeyError, RetriableError, unavailable, unfit } from './failures.ts'
import { retrying, retryingCollisions } from './retry.ts'
import { tlsOptions } from './tls.ts'

/** Keys of the advisory locks for schema work; any numbers that no other program uses. */
const schemaLock = 4_704_411
const onlineLock = 4_704_412
/** pg takes 0 for its default. */
const longestTimeoutMs = 2 ** 31 - 1

const int8 = 20
const numeric = 1700

/** Opens a pool; connections are made when they are needed, so a server that is down does not fail the start. */
export function openPostgres(target: ServerTarget, options: PoolOptions): Database {
  const tls = tlsOptions(target.tls)
  const pool = new pg.Pool({
    host: target.socketPath ?? target.host,
    port: target.port,
    database: target.database,
    ...(target.user === undefined ? {} : { user: target.user }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(tls ? { ssl: tls } : {}),
    max: options.maxConnections,
    idleTimeoutMillis: options.idleTimeoutMs,
    maxLifetimeSeconds: options.maxAgeMs / 1000,
    // Covers both waiting for a free connection and making one.
    connectionTimeoutMillis: Math.min(options.acquireTimeoutMs, options.connectTimeoutMs),
    query_timeout: options.statementTimeoutMs,
    keepAlive: true,
    options: '-c timezone=UTC -c datestyle=ISO',
    types: {
      getTypeParser: (type, format) => {
        if (type === int8 || type === numeric) return Number as never
        const known: number = type
        // Dates stay text: one format for all databases.
        if (known === 1114 || known === 1184) return String as never
        return pg.types.getTypeParser(type, format)
      },
    },
  })
  // A connection that breaks is dropped by the pool while idle, and fails its statement while in use; without a listener
  // either event would end the process.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return new PostgresDatabase(pool)
}

class PostgresDatabase implements Database {
  readonly dialect = 'postgres'
  readonly capabilities = capabilitiesOf.postgres
  readonly #pool: pg.Pool

  constructor(pool: pg.Pool) {
    this.#pool = pool
  }

  rows(statement: Statement, values: Values): Promise<readonly Row[]> {
    return retrying(() => this.#connected((client) => rows(client, statement, values)))
  }

  run(statement: Statement, values: Values): Promise<number> {
    return retryingCollisions(() => this.#connected((client) => run(client, statement, values)))
  }

  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return retrying(() =>
      this.#connected((client) =>
        inTransaction(client, () =>
          work({
            rows: (statement, values) => rows(client, statement, values),
            run: (statement, values) => run(client, statement, values),
          }),
        ),
      ),
    )
  }

  async schemaWork<T>(work: (session: SchemaSession) => Promise<T>, { online = false } = {}): Promise<T> {
    const session = (client: pg.PoolClient): SchemaSession => ({
      execute: async (sql) => void (await text(client, sql, { unlimited: true })),
      change: async (sql) => (await text(client, sql, { unlimited: true })).rowCount ?? 0,
      rows: async (sql) => (await text(client, sql, { unlimited: true })).rows as unknown as Row[],
    })
    try {
      return await this.#connected((client) =>
        online
          ? whileLocked(client, () => work(session(client)))
          : inTransaction(client, async () => {
              await text(client, `SELECT pg_advisory_xact_lock(${schemaLock})`)
              return work(session(client))
            }),
      )
    } catch (error) {
      throw error instanceof RetriableError ? error.cause : error
    }
  }

  close(): Promise<void> {
    return this.#pool.end()
  }

  async #connected<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient
    try {
      client = await this.#pool.connect()
    } catch (error) {
      throw unavailable(error)
    }
    let broken: Error | undefined
    try {
      return await work(client)
    } catch (error) {
      if (isBroken(error)) broken = error
      throw error
    } finally {
      client.release(broken)
    }
  }
}

async function inTransaction<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  await text(client, 'BEGIN')
  try {
    const result = await work()
    await text(client, 'COMMIT').catch((error) => {
      // Whether the server has committed is not known: running the work again could do it twice.
      throw error instanceof RetriableError && isBroken(error) ? error.cause : error
    })
    return result
  } catch (error) {
    if (!isBroken(error)) await text(client, 'ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Asks again and again: an index is made only once statements that began before have ended, and waiting for the lock is one. */
async function whileLocked<T>(client: pg.PoolClient, work: () => Promise<T>): Promise<T> {
  const isTaken = async () => (await text(client, `SELECT pg_try_advisory_lock(${onlineLock})`)).rows[0]?.[0] !== true
  while (await isTaken()) await delay(100)
  try {
    return await work()
  } finally {
    await text(client, `SELECT pg_advisory_unlock(${onlineLock})`)
  }
}

async function rows(client: pg.PoolClient, statement: Statement, values: Values): Promise<readonly Row[]> {
  return (await execute(client, statement, values)).rows as unknown as Row[]
}

async function run(client: pg.PoolClient, statement: Statement, values: Values): Promise<number> {
  return (await execute(client, statement, values)).rowCount ?? 0
}

async function execute(client: pg.PoolClient, statement: Statement, values: Values): Promise<pg.QueryArrayResult> {
  try {
    return await client.query({
      name: statement.name,
      text: statement.sql,
      values: bind(statement, values),
      rowMode: 'array',
    })
  } catch (error) {
    throw translate(error)
  }
}

async function text(client: pg.PoolClient, sql: string, { unlimited = false } = {}): Promise<pg.QueryArrayResult> {
  const query = { text: sql, rowMode: 'array' as const, ...(unlimited && { query_timeout: longestTimeoutMs }) }
  try {
    return await client.query(query)
  } catch (error) {
    throw translate(error)
  }
}

const uniqueViolation = '23505'
/** serialization_failure, deadlock_detected, lock_not_available */
const collisions = new Set(['40001', '40P01', '55P03'])
/** string_data_right_truncation, numeric_value_out_of_range, character_not_in_repertoire, untranslatable_character */
const unfitValues = new Set(['22001', '22003', '22021', '22P05'])

/** pg tells it by these words only. */
const statementTimedOut = 'Query read timeout'

function translate(error: unknown): unknown {
  // Whoever waited that long does not wait again.
  if (error instanceof Error && error.message === statementTimedOut) return unavailable(error)
  // What the server says has a code; all else is the connection's.
  if (!(error instanceof pg.DatabaseError) || error.code === undefined)
    return new RetriableError('connection lost', { cause: unavailable(error) })
  const code = error.code ?? ''
  if (code === uniqueViolation) return new DuplicateKeyError('duplicate key', { cause: error })
  if (collisions.has(code)) return new RetriableError('collision', { cause: unavailable(error) })
  if (unfitValues.has(code)) return unfit(error)
  // Connection exception, operator intervention, insufficient resources.
  if (/^(08|57P|53)/.test(code)) return new RetriableError('server failure', { cause: unavailable(error) })
  return error
}

/** True if the connection that gave this error must not be used again. */
function isBroken(error: unknown): error is Error {
  if (error instanceof RetriableError) return !error.isCollision
  return hasCode(error, 'database_unavailable')
}
