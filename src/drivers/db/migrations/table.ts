import type { Dialect } from '../database.ts'

type ColumnType = 'varchar' | 'text' | 'integer' | 'bigint' | 'boolean' | 'datetime' | 'visibility'

export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** Characters of a varchar. */
  readonly length?: number
  readonly required?: boolean
  /** SQL expression. */
  readonly default?: string
  /** Numbered by the database. */
  readonly serial?: boolean
  /** Holds the number of a row, or refers to one. */
  readonly rowId?: boolean
}

type Options = Pick<Column, 'required' | 'default' | 'serial'>

/** A table as SQLAlchemy would declare it; indexes and the unique key as `[name, ...columns]`. */
export interface Table {
  readonly name: string
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  readonly foreignKeys?: readonly { readonly column: string; readonly table: string; readonly references: string }[]
  readonly unique?: readonly [name: string, ...columns: string[]]
  readonly indexes?: readonly (readonly [name: string, ...columns: string[]])[]
}

export const varchar = (name: string, length: number, options: Options = {}): Column => ({
  name,
  type: 'varchar',
  length,
  ...options,
})
export const text = (name: string, options: Options = {}): Column => ({ name, type: 'text', ...options })
export const integer = (name: string, options: Options = {}): Column => ({ name, type: 'integer', ...options })
export const bigint = (name: string, options: Options = {}): Column => ({ name, type: 'bigint', ...options })
export const yesNo = (name: string, options: Options = {}): Column => ({ name, type: 'boolean', ...options })
export const time = (name: string, options: Options = {}): Column => ({ name, type: 'datetime', ...options })
export const timestamps: readonly Column[] = [time('created_at', { required: true }), time('updated_at')]

/** The statements that make `table` and its indexes. */
export function createTable(table: Table, dialect: Dialect): string[] {
  const parts = [
    ...table.columns.map((column) => columnSql(column, dialect)),
    `PRIMARY KEY (${table.primaryKey.join(', ')})`,
    ...(table.foreignKeys ?? []).map((key) => `FOREIGN KEY(${key.column}) REFERENCES ${key.table} (${key.references})`),
    ...(table.unique ? [`CONSTRAINT ${table.unique[0]} UNIQUE (${table.unique.slice(1).join(', ')})`] : []),
    // PostgreSQL has a boolean type; the others need the check.
    ...(dialect === 'postgres'
      ? []
      : table.columns.filter(({ type }) => type === 'boolean').map(({ name }) => `CHECK (${name} IN (0, 1))`)),
  ]
  const suffix = dialect === 'mysql' ? ' ENGINE=InnoDB DEFAULT CHARSET=utf8mb3' : ''
  return [
    `CREATE TABLE ${table.name} (\n\t${parts.join(',\n\t')}\n)${suffix}`,
    ...(table.indexes ?? []).map(([name, ...columns]) => createIndex({ name, table: table.name, columns })),
  ]
}

/** An index of a table that is there. */
export interface Index {
  readonly name: string
  readonly table: string
  readonly columns: readonly string[]
  /** Rows that it holds; all if it is missing. */
  readonly where?: string
}

/** @param options `onlineOn`: others go on writing to the table meanwhile */
export function createIndex({ name, table, columns, where }: Index, { onlineOn }: { onlineOn?: Dialect } = {}): string {
  const concurrently = onlineOn === 'postgres' ? 'CONCURRENTLY ' : ''
  const inPlace = onlineOn === 'mysql' ? ' ALGORITHM=INPLACE LOCK=NONE' : ''
  const condition = where === undefined ? '' : ` WHERE ${where}`
  return `CREATE INDEX ${concurrently}${name} ON ${table} (${columns.join(', ')})${condition}${inPlace}`
}

/** Definition of a column, as in CREATE TABLE and ALTER TABLE ... ADD COLUMN. */
export function columnSql(column: Column, dialect: Dialect): string {
  const parts = [column.name, typeSql(column, dialect)]
  if (column.default !== undefined) parts.push(`DEFAULT ${defaultSql(column, dialect)}`)
  if (column.required) parts.push('NOT NULL')
  if (column.serial && dialect === 'mysql') parts.push('AUTO_INCREMENT')
  return parts.join(' ')
}

function defaultSql(column: Column, dialect: Dialect): string {
  const value = column.default as string
  return column.type === 'boolean' && dialect !== 'postgres' ? String(Number(value === 'true')) : value
}

function typeSql(column: Column, dialect: Dialect): string {
  switch (column.type) {
    case 'varchar':
      return `VARCHAR(${column.length})`
    case 'text':
      return 'TEXT'
    case 'integer':
      return column.serial && dialect === 'postgres' ? 'SERIAL' : 'INTEGER'
    case 'bigint':
      if (column.serial && dialect === 'postgres') return 'BIGSERIAL'
      // Only a column declared INTEGER is numbered by SQLite.
      return column.rowId && dialect === 'sqlite' ? 'INTEGER' : 'BIGINT'
    case 'visibility':
      return visibilityTypes[dialect]
    case 'boolean':
      return dialect === 'mysql' ? 'BOOL' : 'BOOLEAN'
    case 'datetime':
      return dialect === 'postgres' ? 'TIMESTAMP WITHOUT TIME ZONE' : 'DATETIME'
  }
}

const words = "'private','public','shared','community'"
const visibilityTypes: Readonly<Record<Dialect, string>> = {
  mysql: `ENUM(${words})`,
  postgres: 'image_visibility',
  sqlite: 'VARCHAR(9)',
}
