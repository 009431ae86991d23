import {
  DummyDriver,
  Kysely,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Dialect, Values } from './database.ts'
import type { Tables } from './tables.ts'

/** A compiled statement. It is prepared once per connection and bound anew for each run. */
export interface Statement {
  readonly sql: string
  /** Unique per text; name of the prepared statement on the server. */
  readonly name: string
  readonly parameters: readonly unknown[]
}

class Slot {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** Stands in a query where a value comes at run time. */
export function slot<T>(name: string): T {
  return new Slot(name) as T
}

/** The parameters of `statement` with `values` in its slots. */
export function bind(statement: Statement, values: Values): unknown[] {
  const { parameters } = statement
  const bound = new Array<unknown>(parameters.length)
  for (let i = 0; i < parameters.length; i++) {
    const parameter = parameters[i]
    bound[i] = parameter instanceof Slot ? values[parameter.name] : parameter
  }
  return bound
}

interface Compilable {
  compile(builder: Kysely<Tables>): { readonly sql: string; readonly parameters: readonly unknown[] }
}

/** Query builder of one dialect, and its compiled statements by key. */
export class Statements {
  readonly dialect: Dialect
  readonly builder: Kysely<Tables>
  readonly #byKey = new Map<string, Statement>()
  readonly #maxStatements: number
  #count = 0

  constructor(dialect: Dialect, options: { maxStatements?: number } = {}) {
    this.dialect = dialect
    this.builder = builderOf(dialect)
    this.#maxStatements = options.maxStatements ?? 500
  }

  /** The statement under `key`; built on first use. The least recently built ones are forgotten above the limit. */
  get(key: string, build: (builder: Kysely<Tables>) => Compilable): Statement {
    const known = this.#byKey.get(key)
    if (known) return known
    const compiled = build(this.builder).compile(this.builder)
    const statement = { sql: compiled.sql, parameters: compiled.parameters, name: `g${++this.#count}` }
    if (this.#byKey.size >= this.#maxStatements) {
      const oldest = this.#byKey.keys().next()
      if (!oldest.done) this.#byKey.delete(oldest.value)
    }
    this.#byKey.set(key, statement)
    return statement
  }
}

function builderOf(dialect: Dialect): Kysely<Tables> {
  const parts = {
    mysql: () => [new MysqlAdapter(), new MysqlQueryCompiler(), MysqlIntrospector] as const,
    postgres: () => [new PostgresAdapter(), new PostgresQueryCompiler(), PostgresIntrospector] as const,
    sqlite: () => [new SqliteAdapter(), new SqliteQueryCompiler(), SqliteIntrospector] as const,
  }
  const [adapter, compiler, Introspector] = parts[dialect]()
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => adapter,
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new Introspector(db),
      createQueryCompiler: (): QueryCompiler => compiler,
    },
  })
}
