import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { findProgram } from './packages.ts'
import { freePort } from './ports.ts'
import { run, startDaemon, waitUntilReady } from './processes.ts'
import type { DatabaseState } from './state.ts'

export interface MariadbOptions {
  /** The system's user as whom it runs; ours by default. */
  readonly user?: string
  /** Of the database's user; a random one by default. */
  readonly password?: string
  /** Further lines of its configuration. */
  readonly settings?: readonly string[]
  readonly args?: readonly string[]
}

/** Starts MariaDB with an empty data folder in `directory`; nothing is synced to disk, since the data is thrown away. */
export async function startMariadb(directory: string, options: MariadbOptions = {}): Promise<DatabaseState> {
  const { password = randomBytes(12).toString('hex'), settings = [], args = [] } = options
  const system = options.user ?? userInfo().username
  await rm(directory, { recursive: true, force: true })
  const dataDirectory = join(directory, 'data')
  await mkdir(dataDirectory, { recursive: true })
  const user = 'peers'
  const port = await freePort()
  const initPath = join(directory, 'init.sql')
  await writeFile(
    initPath,
    `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY '${password}';\n` +
      `GRANT ALL ON *.* TO '${user}'@'%' WITH GRANT OPTION;\n`,
    { mode: 0o600 },
  )
  if (options.user) await run(['chown', '-R', options.user, directory])
  const configPath = join(directory, 'my.cnf')
  await writeFile(configPath, `${serverConfig({ dataDirectory, initPath, port })}${settings.join('\n')}\n`)
  await run([
    findProgram('mariadb-install-db'),
    `--defaults-file=${configPath}`,
    `--user=${system}`,
    '--auth-root-authentication-method=normal',
    '--skip-test-db',
    '--skip-name-resolve',
  ])
  const logPath = join(directory, 'mariadb.log')
  const command = [`--defaults-file=${configPath}`, `--user=${system}`, ...args]
  const process = await startDaemon([findProgram('mariadbd'), ...command], { logPath })
  const login = { host: '127.0.0.1', port, user, password }
  await waitUntilReady(
    async () => {
      const connection = await createConnection({ ...login, connectTimeout: 2000 })
      await connection.end()
      return true
    },
    { name: 'MariaDB', process, logPath },
  )
  return { ...login, process }
}

/** The socket's path is relative to the data folder: an absolute one may exceed the 107 bytes of a socket address. */
function serverConfig(options: { dataDirectory: string; initPath: string; port: number }): string {
  return `[mariadbd]
datadir = ${options.dataDirectory}
init_file = ${options.initPath}
bind_address = 127.0.0.1
port = ${options.port}
socket = server.sock
pid_file = server.pid
skip_name_resolve
max_connections = 500
character_set_server = utf8mb4
innodb_flush_log_at_trx_commit = 0
innodb_doublewrite = 0
innodb_buffer_pool_size = 256M
innodb_log_file_size = 64M
sync_binlog = 0
sync_frm = 0
`
}
