import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import { peers } from '../../test/support/peers.ts'

/** A connection of the bench's own. */
export interface Session {
  query(sql: string, values?: readonly unknown[]): Promise<readonly Readonly<Record<string, unknown>>[]>
  end(): Promise<void>
}

/** A database with what differs between servers. */
export interface Engine extends AsyncDisposable {
  readonly name: string
  /** As written in `[database] connection`. */
  readonly url: string
  connect(): Promise<Session>
  /** A source of rows with the column `n`, from 1 to `count`. */
  numbers(count: number): string
  /** SQL for an id that looks like a UUID, made from the expression. */
  idOf(expression: string): string
  /** SQL for so many days before now, in UTC. */
  daysAgo(days: number): string
  /** SQL whose only value is for how many milliseconds the statement that waits longest for a lock has been waiting. */
  readonly longestLockWaitMs: string
  /** SQL that renews the statistics of a table. */
  analyze(table: string): string
}

export async function openEngines(): Promise<Engine[]> {
  return [await openMariadb(), await openPostgres()]
}

async function openMariadb(): Promise<Engine> {
  const { mariadb } = await peers('mariadb')
  const database = await mariadb.createDatabase()
  const { host, port, user, password } = mariadb
  return {
    name: 'MariaDB',
    url: database.url,
    async connect() {
      const connection = await createConnection({ host, port, user, password, database: database.name })
      return {
        query: async (sql, values = []) => (await connection.query(sql, [...values]))[0] as Record<string, unknown>[],
        end: () => connection.end(),
      }
    },
    numbers: (count) => `(SELECT seq AS n FROM seq_1_to_${count}) s`,
    idOf: (expression) =>
      `insert(insert(insert(insert(md5(${expression}), 9, 0, '-'), 14, 0, '-'), 19, 0, '-'), 24, 0, '-')`,
    daysAgo: (days) => `utc_timestamp() - INTERVAL ${days} DAY`,
    longestLockWaitMs: `SELECT coalesce(max(time_ms), 0) FROM information_schema.processlist WHERE db = '${database.name}'
      AND info NOT LIKE 'CREATE INDEX%' AND (state LIKE 'Waiting for%lock%'
        OR id IN (SELECT trx_mysql_thread_id FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'))`,
    analyze: (table) => `ANALYZE TABLE ${table}`,
    [Symbol.asyncDispose]: () => database.drop(),
  }
}

async function openPostgres(): Promise<Engine> {
  const { postgres } = await peers('postgres')
  const database = await postgres.createDatabase()
  const { host, port, user, password } = postgres
  return {
    name: 'PostgreSQL',
    url: database.url,
    async connect() {
      const client = new pg.Client({ host, port, user, password, database: database.name })
      await client.connect()
      return {
        query: async (sql, values = []) => {
          let index = 0
          const text = sql.replaceAll('?', () => `$${++index}`)
          return (await client.query(text, [...values])).rows as Record<string, unknown>[]
        },
        end: () => client.end(),
      }
    },
    numbers: (count) => `generate_series(1, ${count}) AS s(n)`,
    idOf: (expression) => `md5((${expression})::text)::uuid::text`,
    daysAgo: (days) => `(now() AT TIME ZONE 'UTC') - INTERVAL '${days} days'`,
    // One that makes an index without locks waits for the ends of others, and nobody for it.
    longestLockWaitMs: `SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)) * 1000, 0)::float
      FROM pg_locks l WHERE NOT l.granted AND l.locktype <> 'virtualxid'`,
    analyze: (table) => `ANALYZE ${table}`,
    [Symbol.asyncDispose]: () => database.drop(),
  }
}
