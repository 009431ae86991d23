import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { findProgram } from './packages.ts'
import { freePort } from './ports.ts'
import { run, startDaemon, waitUntilReady } from './processes.ts'
import type { DatabaseState } from './state.ts'

/**
 * Starts PostgreSQL on an empty cluster, without durability. It refuses to run as root: then it runs as Debian's user
 * `postgres`, and its folder lies in the system's temporary folder, since that user may be unable to reach the repository.
 */
export async function startPostgres(logDirectory: string): Promise<DatabaseState & { directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-postgres-'))
  const asServer = process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : []
  const user = 'peers'
  const password = randomBytes(12).toString('hex')
  const passwordPath = join(directory, 'password')
  await writeFile(passwordPath, password)
  if (asServer.length > 0) await run(['chown', '-R', 'postgres:postgres', directory])
  await chmod(directory, 0o700)
  const bin = programFolder()
  const dataDirectory = join(directory, 'data')
  await run(
    command([
      ...asServer,
      findProgram('initdb', [bin]),
      ...['-D', dataDirectory, '-U', user, `--pwfile=${passwordPath}`, '-A', 'scram-sha-256'],
      ...['-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
    ]),
    { cwd: directory },
  )
  await rm(passwordPath)
  const port = await freePort()
  const logPath = join(logDirectory, 'postgres.log')
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '300',
  }
  const process_ = await startDaemon(
    command([
      ...asServer,
      findProgram('postgres', [bin]),
      ...['-D', dataDirectory],
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ]),
    { logPath, cwd: directory },
  )
  const login = { host: '127.0.0.1', port, user, password }
  await waitUntilReady(
    async () => {
      const client = new pg.Client({ ...login, database: 'postgres' })
      await client.connect()
      await client.end()
      return true
    },
    { name: 'PostgreSQL', process: process_, logPath },
  )
  return { ...login, process: process_, directory }
}

/** Debian keeps the server's programs off PATH, in a folder per version; the newest is taken. */
function programFolder(): string {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return join(root, versions.find((version) => existsSync(join(root, version, 'bin/postgres'))) ?? '', 'bin')
}

function command(words: readonly string[]): [string, ...string[]] {
  return words as [string, ...string[]]
}
