import type { Dialect, SchemaSession } from '../database.ts'
import { type Column, columnSql, createIndex, createTable, type Index, type Table } from './table.ts'

/** Schema changes that do nothing where they are done already, so that a broken run can be repeated. */
export class SchemaEditor {
  readonly session: SchemaSession
  readonly dialect: Dialect

  constructor(session: SchemaSession, dialect: Dialect) {
    this.session = session
    this.dialect = dialect
  }

  hasTable(name: string): Promise<boolean> {
    return this.#exists({
      mysql: `SELECT 1 FROM information_schema.tables WHERE table_schema = database() AND table_name = '${name}'`,
      postgres: `SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = '${name}'`,
      sqlite: `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '${name}'`,
    })
  }

  hasColumn(table: string, name: string): Promise<boolean> {
    const where = `table_name = '${table}' AND column_name = '${name}'`
    return this.#exists({
      mysql: `SELECT 1 FROM information_schema.columns WHERE table_schema = database() AND ${where}`,
      postgres: `SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema() AND ${where}`,
      sqlite: `SELECT 1 FROM pragma_table_info('${table}') WHERE name = '${name}'`,
    })
  }

  hasIndex(table: string, name: string): Promise<boolean> {
    return this.#exists({
      mysql: `SELECT 1 FROM information_schema.statistics
        WHERE table_schema = database() AND table_name = '${table}' AND index_name = '${name}'`,
      // One that was being made online when its maker died is there and not valid.
      postgres: `SELECT 1 FROM pg_indexes JOIN pg_class c ON c.relname = indexname JOIN pg_index i ON i.indexrelid = c.oid
        WHERE schemaname = current_schema() AND c.relnamespace = current_schema()::regnamespace AND i.indisvalid
          AND tablename = '${table}' AND indexname = '${name}'`,
      sqlite: `SELECT 1 FROM sqlite_master WHERE type = 'index' AND tbl_name = '${table}' AND name = '${name}'`,
    })
  }

  async hasRows(table: string): Promise<boolean> {
    return (await this.session.rows(`SELECT 1 FROM ${table} LIMIT 1`)).length > 0
  }

  async createTable(table: Table): Promise<void> {
    if (!(await this.hasTable(table.name))) {
      const [create, ...indexes] = createTable(table, this.dialect)
      await this.session.execute(create as string)
      for (const index of indexes) await this.session.execute(index)
      return
    }
    for (const [name, ...columns] of table.indexes ?? []) await this.createIndex({ name, table: table.name, columns })
  }

  async dropTable(name: string): Promise<void> {
    await this.session.execute(`DROP TABLE IF EXISTS ${name}`)
  }

  async addColumn(table: string, column: Column): Promise<void> {
    if (await this.hasColumn(table, column.name)) return
    await this.session.execute(`ALTER TABLE ${table} ADD COLUMN ${columnSql(column, this.dialect)}`)
  }

  /** With `online`, which needs a session for such work, others go on writing. @returns true if the index was not there */
  async createIndex(index: Index, { online = false } = {}): Promise<boolean> {
    const { name, table } = index
    if (await this.hasIndex(table, name)) return false
    if (online && this.dialect === 'postgres') await this.session.execute(`DROP INDEX CONCURRENTLY IF EXISTS ${name}`)
    await this.session.execute(createIndex(index, online ? { onlineOn: this.dialect } : {}))
    return true
  }

  async dropIndex(name: string, table: string): Promise<void> {
    if (!(await this.hasIndex(table, name))) return
    await this.session.execute(this.dialect === 'mysql' ? `DROP INDEX ${name} ON ${table}` : `DROP INDEX ${name}`)
  }

  /**
   * Alters columns of a table on SQLite, which has no ALTER for it, the way its manual tells: a new table, the rows, the
   * old name. For tables without foreign keys and unique keys; checks are left out, as Alembic leaves them out.
   * @param changes new definitions by name, null for a column that goes
   */
  async rebuild(table: string, changes: Readonly<Record<string, Column | null>>): Promise<void> {
    const { session } = this
    const temporary = `_new_${table}`
    const indexes = await session.rows(
      `SELECT sql FROM sqlite_master WHERE type = 'index' AND tbl_name = '${table}' AND sql IS NOT NULL`,
    )
    const known = await session.rows(`SELECT name, type, "notnull", dflt_value, pk FROM pragma_table_info('${table}')`)
    const kept = known.filter(([name]) => changes[name as string] !== null)
    const definitions = kept.map(([name, type, required, value]) => {
      const changed = changes[name as string]
      if (changed) return columnSql(changed, this.dialect)
      return `${name} ${type}${value === null ? '' : ` DEFAULT ${value}`}${required === 1 ? ' NOT NULL' : ''}`
    })
    const primaryKey = kept.filter(([, , , , position]) => position !== 0).map(([name]) => name)
    const names = kept.map(([name]) => name).join(', ')
    await session.execute(
      `CREATE TABLE ${temporary} (\n\t${[...definitions, `PRIMARY KEY (${primaryKey.join(', ')})`].join(',\n\t')}\n)`,
    )
    await session.execute(`INSERT INTO ${temporary} (${names}) SELECT ${names} FROM ${table}`)
    await session.execute(`DROP TABLE ${table}`)
    await session.execute(`ALTER TABLE ${temporary} RENAME TO ${table}`)
    for (const [sql] of indexes) await session.execute(sql as string)
  }

  async #exists(queries: Readonly<Record<Dialect, string>>): Promise<boolean> {
    return (await this.session.rows(queries[this.dialect])).length > 0
  }
}
