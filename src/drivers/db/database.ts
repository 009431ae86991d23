import type { Statement } from './statement.ts'

export type Dialect = 'mysql' | 'postgres' | 'sqlite'

/** A result row: values in the order of the selected columns. */
export type Row = readonly unknown[]
/** Values for the slots of a statement, by slot name. */
export type Values = Readonly<Record<string, unknown>>

/** Runs statements: a database, or one transaction of it. */
export interface Queryable {
  /** @throws database_unavailable */
  rows(statement: Statement, values: Values): Promise<readonly Row[]>
  /** @returns number of rows that the statement matched. @throws database_unavailable */
  run(statement: Statement, values: Values): Promise<number>
}

/** One connection for schema work: plain SQL text, no cached statements, no transaction unless it starts one. */
export interface SchemaSession {
  execute(sql: string): Promise<void>
  /** @returns number of changed rows */
  change(sql: string): Promise<number>
  rows(sql: string): Promise<readonly Row[]>
}

/** What repositories need to know of a database beyond SQL. */
export interface Capabilities {
  /** Schema changes can be rolled back. */
  readonly transactionalDdl: boolean
  /** NULL sorts before every value in ascending order; else after. */
  readonly nullsFirst: boolean
  /** `(a, b) > (x, y)` walks an index. */
  readonly rowComparison: boolean
}

export interface Database extends Queryable {
  readonly dialect: Dialect
  readonly capabilities: Capabilities
  /**
   * Runs `work` in a transaction; deadlocks and lost connections are tried again, so `work` may run several times.
   * @throws database_unavailable, and what `work` throws
   */
  transaction<T>(work: (transaction: Queryable) => Promise<T>): Promise<T>
  /**
   * Runs `work` on a connection of its own while no other process does the same. Work that is `online` has no transaction
   * around it and keeps no process from other schema work: a service may start meanwhile.
   */
  schemaWork<T>(work: (session: SchemaSession) => Promise<T>, options?: { online: boolean }): Promise<T>
  close(): Promise<void>
}

/** Bounds of a connection pool; the `[database]` options of the reference in our units. */
export interface PoolOptions {
  /** Connections kept at most. */
  readonly maxConnections: number
  /** Waiting for a free connection. */
  readonly acquireTimeoutMs: number
  readonly connectTimeoutMs: number
  /** One statement; bounds what a hung server can cost. */
  readonly statementTimeoutMs: number
  /** Idle connections are closed after this. */
  readonly idleTimeoutMs: number
  /** Older connections are replaced when they come back; 0: never. */
  readonly maxAgeMs: number
  /** `wsrep_sync_wait` of each connection to a Galera cluster; the server's own if it is missing. */
  readonly syncWait?: number
}

export const defaultPoolOptions: PoolOptions = {
  maxConnections: 20,
  acquireTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 60_000,
  idleTimeoutMs: 600_000,
  maxAgeMs: 3_600_000,
}

export const capabilitiesOf: Readonly<Record<Dialect, Capabilities>> = {
  mysql: { transactionalDdl: false, nullsFirst: true, rowComparison: false },
  postgres: { transactionalDdl: true, nullsFirst: false, rowComparison: true },
  sqlite: { transactionalDdl: true, nullsFirst: true, rowComparison: true },
}
