import mysql, { type PoolOptions as MysqlPoolOptions, type Pool, type PoolConnection } from 'mysql2'
import type { ServerTarget } from '../../../config/database-url.ts'
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
import { Gate } from './gate.ts'
import { retrying, retryingCollisions } from './retry.ts'
import { tlsOptions } from './tls.ts'

const schemaLock = 'glance_schema'
const onlineLock = 'glance_schema_online'
const lockTimeoutSeconds = 120
const maxPreparedStatements = 200

/** Opens a pool; connections are made when they are needed, so a server that is down does not fail the start. */
export function openMysql(target: ServerTarget, options: PoolOptions): Database {
  const tls = tlsOptions(target.tls)
  const address: MysqlPoolOptions = {
    ...(target.socketPath ? { socketPath: target.socketPath } : { host: target.host, port: target.port }),
    ...(target.user === undefined ? {} : { user: target.user }),
    ...(target.password === undefined ? {} : { password: target.password }),
    ...(tls ? { ssl: tls } : {}),
    database: target.database,
  }
  const pool = mysql.createPool({
    ...address,
    // Ours waits for a bounded time; the pool's own queue would wait for ever.
    connectionLimit: options.maxConnections,
    maxIdle: options.maxConnections,
    idleTimeout: options.idleTimeoutMs,
    connectTimeout: options.connectTimeoutMs,
    maxPreparedStatements,
    dateStrings: true,
    enableKeepAlive: true,
  })
  // Too long values are refused instead of cut, as oslo.db's default `mysql_sql_mode` has it. Intersecting the indexes that
  // Glance has on flags would read and sort half the table for each page of a list. Children of an image are concatenated.
  pool.on('connection', (connection) => {
    connection.query(
      `SET SESSION sql_mode = 'TRADITIONAL', optimizer_switch = 'index_merge=off', group_concat_max_len = ${2 ** 32 - 1}`,
    )
    if (options.syncWait !== undefined)
      connection.query(`SET SESSION wsrep_sync_wait = ${options.syncWait}`, () => undefined)
  })
  return new MysqlDatabase(pool, options)
}

class MysqlDatabase implements Database {
  readonly dialect = 'mysql'
  readonly capabilities = capabilitiesOf.mysql
  readonly #pool: Pool
  readonly #gate: Gate
  readonly #timeoutMs: number
  readonly #maxAgeMs: number
  /** When each connection was made, by the monotonic clock. */
  readonly #madeAt = new WeakMap<PoolConnection, number>()

  constructor(pool: Pool, options: PoolOptions) {
    this.#pool = pool
    this.#gate = new Gate({ places: options.maxConnections, timeoutMs: options.acquireTimeoutMs })
    this.#timeoutMs = options.statementTimeoutMs
    this.#maxAgeMs = options.maxAgeMs
    pool.on('connection', (connection) => this.#madeAt.set(connection, performance.now()))
  }

  rows(statement: Statement, values: Values): Promise<readonly Row[]> {
    // A connection that the server closed while it was idle shows only when it is used.
    return retrying(() => this.#connected((connection) => this.#rows(connection, statement, values)))
  }

  run(statement: Statement, values: Values): Promise<number> {
    return retryingCollisions(() => this.#connected((connection) => this.#run(connection, statement, values)))
  }

  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return retrying(() =>
      this.#connected(async (connection) => {
        await this.#text(connection, 'BEGIN')
        try {
          const result = await work({
            rows: (statement, values) => this.#rows(connection, statement, values),
            run: (statement, values) => this.#run(connection, statement, values),
          })
          await this.#commit(connection)
          return result
        } catch (error) {
          await this.#text(connection, 'ROLLBACK').catch(() => connection.destroy())
          throw error
        }
      }),
    )
  }

  schemaWork<T>(work: (session: SchemaSession) => Promise<T>, { online = false } = {}): Promise<T> {
    const lock = online ? onlineLock : schemaLock
    return this.#connected(async (connection) => {
      const [granted] = (await this.#text(connection, `SELECT GET_LOCK('${lock}', ${lockTimeoutSeconds})`)) as Row[]
      if (granted?.[0] !== 1) throw unavailable(new Error('another process changes the schema'))
      try {
        return await work({
          execute: async (sql) => void (await this.#text(connection, sql, { unlimited: true })),
          change: async (sql) =>
            ((await this.#text(connection, sql, { unlimited: true })) as { affectedRows: number }).affectedRows,
          rows: async (sql) => (await this.#text(connection, sql, { unlimited: true })) as Row[],
        })
      } finally {
        await this.#text(connection, `SELECT RELEASE_LOCK('${lock}')`).catch(() => connection.destroy())
      }
    }).catch((error) => {
      throw error instanceof RetriableError ? error.cause : error
    })
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#pool.end(() => resolve()))
  }

  async #connected<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const waiting = this.#gate.enter()
    if (waiting) await waiting
    try {
      const connection = await this.#connection()
      try {
        return await work(connection)
      } finally {
        if (this.#isOld(connection)) connection.destroy()
        else connection.release()
      }
    } finally {
      this.#gate.leave()
    }
  }

  #isOld(connection: PoolConnection): boolean {
    const madeAt = this.#madeAt.get(connection) ?? 0
    return this.#maxAgeMs > 0 && performance.now() - madeAt > this.#maxAgeMs
  }

  #connection(): Promise<PoolConnection> {
    return new Promise((resolve, reject) => {
      this.#pool.getConnection((error, connection) => {
        if (error) reject(unavailable(error))
        else resolve(connection)
      })
    })
  }

  #rows(connection: PoolConnection, statement: Statement, values: Values): Promise<readonly Row[]> {
    return this.#execute(connection, statement, values) as Promise<readonly Row[]>
  }

  async #run(connection: PoolConnection, statement: Statement, values: Values): Promise<number> {
    return ((await this.#execute(connection, statement, values)) as { affectedRows: number }).affectedRows
  }

  #execute(connection: PoolConnection, statement: Statement, values: Values): Promise<unknown> {
    const options = { sql: statement.sql, values: bind(statement, values) as never, rowsAsArray: true }
    return this.#answer(connection, { timeoutMs: this.#timeoutMs }, (done) => connection.execute(options, done))
  }

  #text(connection: PoolConnection, sql: string, options: { unlimited?: true } = {}): Promise<unknown> {
    const timeoutMs = options.unlimited ? undefined : this.#timeoutMs
    return this.#answer(connection, { timeoutMs }, (done) => connection.query({ sql, rowsAsArray: true }, done))
  }

  /** mysql2's own time-out does not cover the preparation of a statement. */
  #answer(
    connection: PoolConnection,
    { timeoutMs }: { timeoutMs: number | undefined },
    ask: (done: (error: mysql.QueryError | null, result: unknown) => void) => void,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        connection.destroy()
        reject(unavailable(new Error(`no answer within ${timeoutMs} ms`)))
      }
      const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs)
      ask((error, result) => {
        clearTimeout(timer)
        if (error) reject(translate(error, connection))
        else resolve(result)
      })
    })
  }

  async #commit(connection: PoolConnection): Promise<void> {
    try {
      await this.#text(connection, 'COMMIT')
    } catch (error) {
      // Whether the server has committed is not known: running the work again could do it twice.
      throw error instanceof RetriableError && isLost(error.cause) ? error.cause : error
    }
  }
}

const duplicateKey = 1062
/** ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK, ER_CHECKREAD */
const collisions = new Set([1205, 1213, 1020])
/** ER_DATA_TOO_LONG, ER_WARN_DATA_OUT_OF_RANGE, ER_TRUNCATED_WRONG_VALUE_FOR_FIELD */
const unfitValues = new Set([1406, 1264, 1366])
/** ER_SERVER_SHUTDOWN, ER_CON_COUNT_ERROR, ER_OPTION_PREVENTS_STATEMENT (read-only), ER_CONNECTION_KILLED, Galera's "not prepared" */
const serverFailures = new Set([1053, 1040, 1290, 1927, 1047])

function translate(error: mysql.QueryError, connection: PoolConnection): unknown {
  const code = error.errno ?? 0
  if (code === duplicateKey) return new DuplicateKeyError('duplicate key', { cause: error })
  if (collisions.has(code)) return new RetriableError('collision', { cause: unavailable(error) })
  if (unfitValues.has(code)) return unfit(error)
  if (error.fatal || serverFailures.has(code)) {
    connection.destroy()
    return new RetriableError('connection lost', { cause: unavailable(error) })
  }
  return error
}

function isLost(cause: unknown): boolean {
  const error = (cause as Error).cause as mysql.QueryError | undefined
  return error?.fatal === true
}
