import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createConnection } from 'mysql2/promise'
import { KeystoneAdmin } from './keystone-admin.ts'
import { findProgram } from './packages.ts'
import { freePort } from './ports.ts'
import { run, startDaemon, waitUntilReady } from './processes.ts'
import type { DatabaseState, KeystoneState } from './state.ts'

const region = 'RegionOne'

/** Starts Keystone on the given MariaDB and memcached, with fernet tokens, the usual accounts and an image service. */
export async function startKeystone(
  directory: string,
  peers: { mariadb: DatabaseState; memcached: { host: string; port: number } },
): Promise<KeystoneState> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  await Promise.all([makeKeys(join(directory, 'fernet-keys')), makeKeys(join(directory, 'credential-keys'))])
  const databaseUrl = await makeDatabase(peers.mariadb)
  const configPath = join(directory, 'keystone.conf')
  await writeFile(configPath, serviceConfig({ directory, databaseUrl, memcached: peers.memcached }), { mode: 0o600 })
  const port = await freePort()
  const adminPort = await freePort()
  const admin = { username: 'admin', password: randomBytes(12).toString('hex'), project: 'admin' }
  const manage = [findProgram('keystone-manage'), '--config-file', configPath] as const
  await run([...manage, 'db_sync'])
  const bootstrap = run([
    ...manage,
    'bootstrap',
    ...['--bootstrap-username', admin.username, '--bootstrap-password', admin.password],
    ...['--bootstrap-project-name', admin.project, '--bootstrap-region-id', region],
    ...['--bootstrap-public-url', `http://127.0.0.1:${port}/v3/`],
    ...['--bootstrap-internal-url', `http://127.0.0.1:${port}/v3/`],
    ...['--bootstrap-admin-url', `http://127.0.0.1:${adminPort}/v3/`],
  ])
  const [process] = await Promise.all([serve({ directory, configPath, port, adminPort }), bootstrap])
  const accounts = await makeAccounts({ authUrl: `http://127.0.0.1:${port}/v3`, admin })
  return { host: '127.0.0.1', port, adminPort, region, admin, ...accounts, process }
}

/**
 * uWSGI's plain HTTP socket closes each connection after the answer but does not say so, and a client that keeps
 * connections alive would send its next request into a closed one: hence the header.
 */
async function serve(options: { directory: string; configPath: string; port: number; adminPort: number }) {
  const logPath = join(options.directory, 'uwsgi.log')
  const process_ = await startDaemon(
    [
      findProgram('uwsgi_python3'),
      ...['--http-socket', `127.0.0.1:${options.port}`, '--http-socket', `127.0.0.1:${options.adminPort}`],
      ...['--wsgi-file', findProgram('keystone-wsgi-public')],
      ...['--master', '--lazy-apps', '--die-on-term', '--processes', '2', '--threads', '2'],
      ...['--post-buffering', '65536', '--buffer-size', '65535', '--so-keepalive', '--disable-logging'],
      ...['--add-header', 'Connection: close'],
    ],
    { logPath, env: { ...process.env, OS_KEYSTONE_CONFIG_FILES: options.configPath }, cwd: options.directory },
  )
  await waitUntilReady(async () => (await fetch(`http://127.0.0.1:${options.port}/v3`)).ok, {
    name: 'Keystone',
    process: process_,
    logPath,
  })
  return process_
}

/** Two keys of 32 bytes as `keystone-manage fernet_setup` makes them: 0 is the next one, 1 signs. */
async function makeKeys(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  for (const name of ['0', '1']) {
    const key = randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_')
    await writeFile(join(directory, name), key, { mode: 0o600 })
  }
}

async function makeDatabase({ host, port, user, password }: DatabaseState): Promise<string> {
  const connection = await createConnection({ host, port, user, password })
  await connection.query('DROP DATABASE IF EXISTS keystone')
  await connection.query('CREATE DATABASE keystone CHARACTER SET utf8mb3')
  await connection.end()
  return `mysql+pymysql://${user}:${password}@${host}:${port}/keystone?charset=utf8`
}

/** Roles are not cached: while some change, Keystone would give another user none for a moment. */
function serviceConfig(options: {
  directory: string
  databaseUrl: string
  memcached: { host: string; port: number }
}): string {
  return `[DEFAULT]
log_file = ${join(options.directory, 'keystone.log')}
[database]
connection = ${options.databaseUrl}
[token]
provider = fernet
expiration = 86400
[fernet_tokens]
key_repository = ${join(options.directory, 'fernet-keys')}
[fernet_receipts]
key_repository = ${join(options.directory, 'fernet-keys')}
[credential]
key_repository = ${join(options.directory, 'credential-keys')}
[cache]
enabled = true
backend = dogpile.cache.memcached
memcache_servers = ${options.memcached.host}:${options.memcached.port}
[role]
caching = false
[oslo_policy]
policy_dirs = ${join(options.directory, 'policy.d')}
[identity]
password_hash_rounds = 4
`
}

async function makeAccounts(options: { authUrl: string; admin: KeystoneState['admin'] }) {
  const keystone = await KeystoneAdmin.login(options.authUrl, options.admin)
  const demo = { username: 'demo', password: randomBytes(12).toString('hex'), project: 'demo' }
  const service = { username: 'glance', password: randomBytes(12).toString('hex'), project: 'service' }
  await keystone.ensureRole('service')
  await keystone.makeAccount(demo, ['member', 'reader'])
  const { userId } = await keystone.makeAccount(service, ['admin', 'service'])
  // Limits of other projects are read by whom may see the whole installation.
  await keystone.grantOnSystem(userId, 'reader')
  await keystone.makeService({ type: 'image', name: 'glance', url: 'http://127.0.0.1:9292', region })
  return { demo, service }
}
