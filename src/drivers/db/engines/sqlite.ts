import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import {
  capabilitiesOf,
  type Database,
  type Queryable,
  type Row,
  type SchemaSession,
  type Values,
} from '../database.ts'
import { bind, type Statement } from '../statement.ts'
import { DuplicateKeyError, unavailable, unfit } from './failures.ts'

const busyTimeoutMs = 5_000
const maxPreparedStatements = 200

const busy = 5
const tooBig = 18
const constraintPrimaryKey = 1555
const constraintUnique = 2067
/** BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB */
const unavailableCodes = new Set([busy, 6, 8, 10, 11, 13, 14, 26])

/**
 * SQLite in this process. One connection serves all: statements run at once, a transaction keeps the others waiting.
 * Other processes may use the same file (write-ahead log, busy timeout).
 * @throws database_unavailable when the file cannot be opened
 */
export async function openSqlite(path: string): Promise<Database> {
  const connection = await connect(path)
  return new SqliteDatabase(connection)
}

async function connect(path: string): Promise<DatabaseSync> {
  try {
    const connection = new DatabaseSync(path, { timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    await enterWal(connection)
    connection.exec('PRAGMA synchronous = NORMAL')
    return connection
  } catch (error) {
    throw translate(error)
  }
}

/** The switch to the write-ahead log fails at once, without the busy timeout, while another process does the same. */
async function enterWal(connection: DatabaseSync): Promise<void> {
  const deadline = Date.now() + busyTimeoutMs
  for (;;) {
    try {
      connection.exec('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      if (((extendedCode(error) ?? 0) & 0xff) !== busy || Date.now() > deadline) throw error
      await delay(20)
    }
  }
}

class SqliteDatabase implements Database {
  readonly dialect = 'sqlite'
  readonly capabilities = capabilitiesOf.sqlite
  readonly #connection: DatabaseSync
  readonly #prepared = new Map<string, StatementSync>()
  /** Settles when the running transaction has ended; undefined when there is none. */
  #busy: Promise<unknown> | undefined

  constructor(connection: DatabaseSync) {
    this.#connection = connection
  }

  async rows(statement: Statement, values: Values): Promise<readonly Row[]> {
    while (this.#busy) await this.#busy
    return this.#rows(statement, values)
  }

  async run(statement: Statement, values: Values): Promise<number> {
    while (this.#busy) await this.#busy
    return this.#run(statement, values)
  }

  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T> {
    return this.#alone(() => this.#transact(() => work(this.#transaction)))
  }

  schemaWork<T>(work: (session: SchemaSession) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      // Rebuilding a table drops the old one, which would count as removing referenced rows. Cannot be set inside a transaction.
      this.#connection.exec('PRAGMA foreign_keys = OFF')
      try {
        return await this.#transact(() => work(this.#session))
      } finally {
        this.#connection.exec('PRAGMA foreign_keys = ON')
      }
    })
  }

  async close(): Promise<void> {
    while (this.#busy) await this.#busy
    this.#prepared.clear()
    if (this.#connection.isOpen) this.#connection.close()
  }

  readonly #transaction: Queryable = {
    rows: async (statement, values) => this.#rows(statement, values),
    run: async (statement, values) => this.#run(statement, values),
  }

  readonly #session: SchemaSession = {
    execute: async (sql) => guarded(() => this.#connection.exec(sql)),
    change: async (sql) => guarded(() => Number(this.#connection.prepare(sql).run().changes)),
    rows: async (sql) =>
      guarded(() => {
        const prepared = this.#connection.prepare(sql)
        prepared.setReturnArrays(true)
        return prepared.all() as unknown as Row[]
      }),
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    while (this.#busy) await this.#busy
    const running = work()
    this.#busy = running.then(ignore, ignore)
    try {
      return await running
    } finally {
      this.#busy = undefined
    }
  }

  async #transact<T>(work: () => Promise<T>): Promise<T> {
    guarded(() => this.#connection.exec('BEGIN IMMEDIATE'))
    try {
      const result = await work()
      guarded(() => this.#connection.exec('COMMIT'))
      return result
    } catch (error) {
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw error
    }
  }

  #rows(statement: Statement, values: Values): readonly Row[] {
    return guarded(() => this.#prepare(statement).all(...input(statement, values)) as unknown as Row[])
  }

  #run(statement: Statement, values: Values): number {
    return guarded(() => Number(this.#prepare(statement).run(...input(statement, values)).changes))
  }

  #prepare(statement: Statement): StatementSync {
    const known = this.#prepared.get(statement.sql)
    if (known) return known
    const prepared = this.#connection.prepare(statement.sql)
    prepared.setReturnArrays(true)
    if (this.#prepared.size >= maxPreparedStatements) this.#prepared.clear()
    this.#prepared.set(statement.sql, prepared)
    return prepared
  }
}

function input(statement: Statement, values: Values): SQLInputValue[] {
  return bind(statement, values).map((value) => (typeof value === 'boolean' ? Number(value) : (value as SQLInputValue)))
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw translate(error)
  }
}

function translate(error: unknown): unknown {
  const code = extendedCode(error)
  if (code === undefined) return error
  if (code === constraintPrimaryKey || code === constraintUnique) {
    return new DuplicateKeyError('duplicate key', { cause: error })
  }
  if (unavailableCodes.has(code & 0xff)) return unavailable(error)
  return (code & 0xff) === tooBig ? unfit(error) : error
}

/** Extended result code of an SQLite error. @see https://www.sqlite.org/rescode.html */
function extendedCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown }).errcode
  return typeof code === 'number' ? code : undefined
}

function ignore(): void {}
