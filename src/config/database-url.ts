import { GlimpseError } from '../errors/error.ts'

export type DatabaseTarget = SqliteTarget | ServerTarget

export interface SqliteTarget {
  readonly engine: 'sqlite'
  /** Path as in the URL, absolute or relative to the working directory; `:memory:` for a database that is not kept. */
  readonly path: string
}

export interface ServerTarget {
  readonly engine: 'mysql' | 'postgresql'
  readonly host: string
  readonly port: number
  /** Socket to connect to instead of host and port: for MySQL its path, for PostgreSQL the directory it lies in. */
  readonly socketPath?: string
  readonly user?: string
  readonly password?: string
  readonly database: string
  /** Character set of a MySQL connection, by its name in MySQL. */
  readonly charset?: string
  readonly connectTimeoutSeconds?: number
  /** Absent: no TLS. */
  readonly tls?: DatabaseTls
  /** Names of parameters that have no meaning here. */
  readonly ignoredParameters: readonly string[]
}

export interface DatabaseTls {
  /** What of the server's certificate is checked: nothing, its authority, or its authority and its name. */
  readonly verify: 'none' | 'authority' | 'full'
  /** Paths of PEM files. */
  readonly caFile?: string
  readonly certFile?: string
  readonly keyFile?: string
}

const engines: Readonly<Record<string, { engine: DatabaseTarget['engine']; port: number }>> = {
  mysql: { engine: 'mysql', port: 3306 },
  mariadb: { engine: 'mysql', port: 3306 },
  postgresql: { engine: 'postgresql', port: 5432 },
  postgres: { engine: 'postgresql', port: 5432 },
  sqlite: { engine: 'sqlite', port: 0 },
}

const expectedForm =
  'expected a URL such as mysql+pymysql://user:password@host/database; in a password @ is written %40 and % is %25'
const shape =
  /^(?<name>[\w+]+):\/\/(?:(?<user>[^:/]*)(?::(?<password>[^@]*))?@)?(?:(?:\[(?<ipv6>[^/?]+)\]|(?<host>[^/:?]+))?(?::(?<port>[^/?]*))?)?(?:\/(?<database>[^?]*))?(?:\?(?<query>.*))?$/

/**
 * Reads the URL of `[database] connection`, in the form of SQLAlchemy: `mysql+pymysql://user:password@host:port/name?charset=utf8`,
 * `postgresql://...`, `sqlite:////absolute/path`, `sqlite:///relative/path`, `sqlite://` (in memory). User and password may
 * hold `%XX`. The name of the Python driver after the `+` is read and has no effect.
 * @throws database_url_invalid, whose text holds nothing of the URL but its scheme and the names of parameters
 * @see sqlalchemy `engine/url.py`, PyMySQL `connections.py`, libpq `libpq-connect`
 */
export function parseDatabaseUrl(url: string): DatabaseTarget {
  const parts = shape.exec(url)?.groups
  if (!parts) throw invalid(expectedForm)
  const scheme = parts.name ?? ''
  const known = engines[scheme.split('+', 1)[0] ?? '']
  if (!known) throw invalid(`${scheme}: is no database that can be used; there are mysql, postgresql and sqlite`)
  const { engine } = known
  if (engine === 'sqlite') {
    if (parts.host || parts.ipv6)
      throw invalid('an absolute path of SQLite has four slashes: sqlite:////var/lib/glance/glance.sqlite')
    return { engine, path: parts.database || ':memory:' }
  }
  // A stray @ would carry a piece of the password into the names of host or database, and from there into messages.
  if (/@/.test(`${parts.host ?? ''}${parts.database ?? ''}`)) throw invalid(expectedForm)
  const parameters = new Parameters(parts.query ?? '')
  const details = engine === 'mysql' ? mysqlDetails(parameters) : postgresqlDetails(parameters)
  const database = parts.database || parameters.take('dbname')
  if (!database) throw invalid('the name of the database is missing after the host')
  const user = parts.user ? unquote(parts.user) : parameters.take('user')
  const password = parts.password ? unquote(parts.password) : parameters.take('password')
  return {
    engine,
    host: parts.ipv6 || parts.host || 'localhost',
    port: portOf(parts.port || parameters.take('port'), known.port),
    database,
    ...(user ? { user } : {}),
    ...(password ? { password } : {}),
    ...details,
    ignoredParameters: parameters.rest(),
  }
}

function mysqlDetails(parameters: Parameters): Partial<ServerTarget> {
  const files = tlsFiles(parameters, { ca: 'ssl_ca', cert: 'ssl_cert', key: 'ssl_key' })
  const mode = parameters.take('ssl_mode')?.toUpperCase()
  const checkName = parameters.flag('ssl_check_hostname') ?? parameters.flag('ssl_verify_identity')
  const checkAuthority = parameters.flag('ssl_verify_cert') ?? files.caFile !== undefined
  const wanted = parameters.flag('ssl') ?? Object.keys(files).length > 0
  let verify: DatabaseTls['verify'] = 'none'
  if (mode === 'VERIFY_IDENTITY' || (checkAuthority && (checkName ?? files.caFile !== undefined))) verify = 'full'
  else if (mode === 'VERIFY_CA' || checkAuthority) verify = 'authority'
  const on = mode === undefined ? wanted || verify !== 'none' : mode !== 'DISABLED' && mode !== 'PREFERRED'
  return {
    ...optional('socketPath', parameters.take('unix_socket')),
    ...optional('charset', parameters.take('charset')),
    ...optional('connectTimeoutSeconds', parameters.number('connect_timeout')),
    ...(on ? { tls: { verify, ...files } } : {}),
  }
}

function postgresqlDetails(parameters: Parameters): Partial<ServerTarget> {
  const files = tlsFiles(parameters, { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' })
  const mode = parameters.take('sslmode') ?? 'prefer'
  const host = parameters.take('host')
  const verify = mode === 'verify-full' ? 'full' : mode === 'verify-ca' || files.caFile ? 'authority' : 'none'
  return {
    ...(host?.startsWith('/') ? { socketPath: host } : optional('host', host)),
    ...optional('connectTimeoutSeconds', parameters.number('connect_timeout')),
    ...(mode === 'require' || mode.startsWith('verify-') ? { tls: { verify, ...files } } : {}),
  }
}

function tlsFiles(
  parameters: Parameters,
  names: { ca: string; cert: string; key: string },
): Omit<DatabaseTls, 'verify'> {
  return {
    ...optional('caFile', parameters.take(names.ca)),
    ...optional('certFile', parameters.take(names.cert)),
    ...optional('keyFile', parameters.take(names.key)),
  }
}

function optional<K extends string, V>(name: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [name in K]?: V })
}

function portOf(text: string | undefined, usual: number): number {
  if (!text) return usual
  const port = /^\d+$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65535) throw invalid('the port must be a number from 1 to 65535')
  return port
}

/** Each `%XX` is decoded; a percent sign before anything else stands for itself. */
function unquote(text: string): string {
  try {
    return decodeURIComponent(text.replace(/%(?![0-9a-f]{2})/gi, '%25'))
  } catch {
    throw invalid('the user or the password holds %XX that is no UTF-8')
  }
}

/** Parameters after the question mark; those that nobody takes are left over. */
class Parameters {
  readonly #values: URLSearchParams

  constructor(query: string) {
    this.#values = new URLSearchParams(query)
  }

  take(name: string): string | undefined {
    const value = this.#values.get(name) ?? undefined
    this.#values.delete(name)
    return value
  }

  flag(name: string): boolean | undefined {
    const value = this.take(name)
    return value === undefined ? undefined : ['true', '1', 'yes', 'on'].includes(value.toLowerCase())
  }

  number(name: string): number | undefined {
    const value = this.take(name)
    if (value === undefined) return undefined
    if (!/^\d+$/.test(value)) throw invalid(`the parameter ${name} must be a number`)
    return Number(value)
  }

  rest(): string[] {
    return [...new Set(this.#values.keys())]
  }
}

function invalid(reason: string): GlimpseError<'database_url_invalid'> {
  return new GlimpseError('database_url_invalid', { reason })
}
