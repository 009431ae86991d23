import { randomBytes } from 'node:crypto'
import { createConnection } from 'mysql2/promise'
import pg from 'pg'
import type { DatabaseState } from '../peers/state.ts'

/** An empty database of a test's own. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string
  /** As written in `[database] connection`. */
  readonly url: string
  /** Runs one statement and gives its rows. */
  query<Row>(sql: string): Promise<Row[]>
  drop(): Promise<void>
}

export interface DatabasePeer {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Makes an empty database with a name that no other test has. */
  createDatabase(): Promise<TestDatabase>
}

/** The running MariaDB; `url` names pymysql, the driver of Glance's own configuration files. */
export function mariadbPeer(state: DatabaseState): DatabasePeer {
  const { host, port, user, password } = state
  const query = async <Row>(sql: string, database?: string): Promise<Row[]> => {
    const connection = await createConnection({ host, port, user, password, ...(database && { database }) })
    try {
      const [rows] = await connection.query(sql)
      return rows as Row[]
    } finally {
      await connection.end()
    }
  }
  const url = (name: string) => `mysql+pymysql://${user}:${password}@${host}:${port}/${name}`
  return databasePeer(state, { url, query, dropSuffix: '' })
}

/** The running PostgreSQL. */
export function postgresPeer(state: DatabaseState): DatabasePeer {
  const { host, port, user, password } = state
  const query = async <Row>(sql: string, database = 'postgres'): Promise<Row[]> => {
    const client = new pg.Client({ host, port, user, password, database })
    await client.connect()
    try {
      return (await client.query(sql)).rows as Row[]
    } finally {
      await client.end()
    }
  }
  const url = (name: string) => `postgresql://${user}:${password}@${host}:${port}/${name}`
  // A service that a test has just stopped may still hold a connection.
  return databasePeer(state, { url, query, dropSuffix: ' WITH (FORCE)' })
}

function databasePeer(
  { host, port, user, password }: DatabaseState,
  engine: {
    url: (name: string) => string
    query: <Row>(sql: string, database?: string) => Promise<Row[]>
    dropSuffix: string
  },
): DatabasePeer {
  return {
    ...{ host, port, user, password },
    async createDatabase() {
      const name = `glimpse_${randomBytes(6).toString('hex')}`
      await engine.query(`CREATE DATABASE ${name}`)
      const drop = async () => {
        await engine.query(`DROP DATABASE IF EXISTS ${name}${engine.dropSuffix}`)
      }
      return {
        name,
        url: engine.url(name),
        query: (sql) => engine.query(sql, name),
        drop,
        [Symbol.asyncDispose]: drop,
      }
    },
  }
}
