import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { KeystoneAdmin, passwordToken } from './keystone-admin.ts'
import { findProgram } from './packages.ts'
import { freePort } from './ports.ts'
import { type ProcessRecord, run, startDaemon, stopDaemon, waitUntilReady } from './processes.ts'
import type { KeystoneState, SwiftState } from './state.ts'

const host = '127.0.0.1'
const s3Region = 'us-east-1'
const storageKinds = ['account', 'container', 'object'] as const
type StorageKind = (typeof storageKinds)[number]

interface Needs {
  readonly keystone: KeystoneState
  readonly memcached: { readonly host: string; readonly port: number }
}

/**
 * Starts Swift: one proxy and one server each for accounts, containers and objects, which keep one copy in a plain folder
 * (on a filesystem with extended attributes). Users come from Keystone; its catalog then holds the service.
 */
export async function startSwift(directory: string, { keystone, memcached }: Needs): Promise<SwiftState> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(join(directory, 'node', 'd1'), { recursive: true })
  const port = await freePort()
  const storagePorts = { account: await freePort(), container: await freePort(), object: await freePort() }
  const write = (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o600 })
  await write('swift.conf', commonConfig())
  await write('proxy-server.conf', proxyConfig({ directory, port, keystone, memcached }))
  for (const kind of storageKinds) {
    await write(`${kind}-server.conf`, storageConfig(kind, { directory, port: storagePorts[kind] }))
  }
  const rings = storageKinds.map((kind) => `${kind}:${storagePorts[kind]}`)
  const [keys] = await Promise.all([
    setUpAccounts(keystone, `http://${host}:${port}/v1/AUTH_$(project_id)s`),
    run(['/usr/bin/python3', '-c', makeRings, directory, ...rings]),
  ])
  const start = (name: string): Promise<ProcessRecord> =>
    // Nothing here has to outlive a crash of the machine: waiting for the disk would take most of the time.
    startDaemon([findProgram('eatmydata'), findProgram(`swift-${name}`), join(directory, `${name}.conf`), '-v'], {
      logPath: join(directory, `${name}.log`),
      cwd: directory,
    })
  const [process, ...helpers] = await Promise.all([
    start('proxy-server'),
    ...storageKinds.map((kind) => start(`${kind}-server`)),
  ])
  try {
    const logPath = join(directory, 'proxy-server.log')
    await waitUntilReady(() => storesObjects(port, keystone), { name: 'Swift', process, logPath })
    return { host, port, process, helpers, s3: { region: s3Region, ...keys } }
  } catch (error) {
    await Promise.all([process, ...helpers].map((record) => stopDaemon(record)))
    throw error
  }
}

/** True once an object can be stored: then all servers answer, and the folder takes extended attributes. */
async function storesObjects(port: number, keystone: KeystoneState): Promise<boolean> {
  const authUrl = `http://${keystone.host}:${keystone.port}/v3`
  const projectId = await (await KeystoneAdmin.login(authUrl, keystone.admin)).projectId(keystone.service.project)
  const token = await passwordToken(authUrl, keystone.service)
  for (const path of ['ready', 'ready/object']) {
    const url = `http://${host}:${port}/v1/AUTH_${projectId}/${path}`
    const answer = await fetch(url, { method: 'PUT', headers: { 'x-auth-token': token } })
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
    await answer.arrayBuffer()
  }
  return true
}

/** Makes the roles and the catalog's entry, and a project with a key for S3. */
async function setUpAccounts(keystone: KeystoneState, url: string) {
  const admin = await KeystoneAdmin.login(`http://${keystone.host}:${keystone.port}/v3`, keystone.admin)
  await admin.ensureRole('ResellerAdmin')
  await admin.makeService({ type: 'object-store', name: 'swift', url, region: keystone.region })
  const name = `s3-${randomBytes(4).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  const { userId, projectId } = await admin.makeAccount({ username: name, password, project: name }, ['member'])
  const { credential } = await admin.request<{ credential: { access: string; secret: string } }>(
    'POST',
    `/users/${userId}/credentials/OS-EC2`,
    { tenant_id: projectId },
  )
  return { accessKey: credential.access, secretKey: credential.secret }
}

/** One zone with one device for each ring, written by Swift's own builder in a single process. */
const makeRings = `
import sys, os
from swift.common.ring import RingBuilder
for ring in sys.argv[2:]:
    kind, port = ring.split(':')
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({'region': 1, 'zone': 1, 'ip': '${host}', 'port': int(port), 'device': 'd1', 'weight': 1})
    builder.rebalance()
    builder.get_ring().save(os.path.join(sys.argv[1], kind + '.ring.gz'))
`

function commonConfig(): string {
  return `[swift-hash]
swift_hash_path_prefix = glimpse
swift_hash_path_suffix = glimpse
[storage-policy:0]
name = Policy-0
default = yes
`
}

function serverConfig({ directory, port }: { directory: string; port: number }): string {
  return `[DEFAULT]
bind_ip = ${host}
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${directory}
log_level = INFO
`
}

function storageConfig(kind: StorageKind, place: { directory: string; port: number }): string {
  return `${serverConfig(place)}devices = ${join(place.directory, 'node')}
mount_check = false
disable_fallocate = true
container_update_timeout = 30
fallocate_reserve = 0
[pipeline:main]
pipeline = ${kind}-server
[app:${kind}-server]
use = egg:swift#${kind}
`
}

function proxyConfig(options: { directory: string; port: number } & Needs): string {
  const { keystone, memcached } = options
  const identity = `http://${keystone.host}:${keystone.port}`
  const plain = [
    'catch_errors',
    'gatekeeper',
    'healthcheck',
    'bulk',
    'tempurl',
    'copy',
    'dlo',
    'symlink',
    'keystoneauth',
  ]
  return `${serverConfig(options)}[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache bulk tempurl authtoken s3api s3token keystoneauth copy slo dlo versioned_writes symlink proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
${plain.map((name) => `[filter:${name}]\nuse = egg:swift#${name}\n`).join('')}operator_roles = admin, member
reseller_admin_role = ResellerAdmin
[filter:slo]
use = egg:swift#slo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
allow_object_versioning = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = ${memcached.host}:${memcached.port}
[filter:s3api]
use = egg:swift#s3api
location = ${s3Region}
s3_acl = false
[filter:s3token]
use = egg:swift#s3token
auth_uri = ${identity}/v3
secret_cache_duration = 60
${account(keystone, identity)}
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
www_authenticate_uri = ${identity}
delay_auth_decision = true
service_token_roles = service
service_token_roles_required = false
include_service_catalog = false
cache = swift.cache
${account(keystone, identity)}
`
}

function account({ service }: KeystoneState, identity: string): string {
  return `auth_type = password
auth_url = ${identity}
username = ${service.username}
password = ${service.password}
project_name = ${service.project}
user_domain_id = default
project_domain_id = default`
}
