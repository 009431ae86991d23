import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram } from './packages.ts'
import { freePort } from './ports.ts'
import { type ProcessRecord, run, startDaemon, waitUntilReady } from './processes.ts'
import type { CephState } from './state.ts'

const pool = 'images'
const dataPool = 'images-data'
const user = 'glance'

/**
 * Starts a Ceph cluster of one monitor and one OSD that keeps its data in memory: seconds instead of half a minute. There
 * is no manager, so `ceph df` shows nothing. Without `admin_socket` no path gets too long for a socket.
 */
export async function startCeph(directory: string): Promise<CephState> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(join(directory, 'osd'), { recursive: true })
  const fsid = crypto.randomUUID()
  const port = await freePort()
  const configPath = join(directory, 'ceph.conf')
  const address = `[v2:127.0.0.1:${port}/0,v1:127.0.0.1:${await freePort()}/0]`
  await writeFile(configPath, clusterConfig({ directory, fsid, address }))
  const cluster = { directory, configPath, fsid, address }
  const monitor = await startMonitor(cluster)
  const osd = await startOsd(cluster)
  const ceph = [findProgram('ceph'), '-c', configPath] as const
  const makePool = async (name: string) => {
    await run([...ceph, 'osd', 'pool', 'create', name, '8'])
    await run([...ceph, 'osd', 'pool', 'application', 'enable', name, 'rbd'])
  }
  const keyring = join(directory, `ceph.client.${user}.keyring`)
  await Promise.all([
    makePool(pool),
    makePool(dataPool),
    run([
      ...ceph,
      'auth',
      'get-or-create',
      `client.${user}`,
      'mon',
      'profile rbd',
      'osd',
      'profile rbd',
      '-o',
      keyring,
    ]),
  ])
  return { host: '127.0.0.1', port, process: monitor, helpers: [osd], configPath, fsid, user, pool, dataPool }
}

interface Cluster {
  readonly directory: string
  readonly configPath: string
  readonly fsid: string
  readonly address: string
}

async function startMonitor({ directory, configPath, fsid, address }: Cluster): Promise<ProcessRecord> {
  const all = ['--cap', 'mon', 'allow *', '--cap', 'osd', 'allow *', '--cap', 'mgr', 'allow *']
  const keyring = join(directory, 'mon.keyring')
  const adminKeyring = join(directory, 'ceph.client.admin.keyring')
  const authtool = findProgram('ceph-authtool')
  await run([authtool, '--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *'])
  await run([authtool, '--create-keyring', adminKeyring, '--gen-key', '-n', 'client.admin', ...all])
  await run([authtool, keyring, '--import-keyring', adminKeyring])
  const map = join(directory, 'monmap')
  await run([findProgram('monmaptool'), '--create', '--fsid', fsid, '--addv', 'a', address, map])
  const program = [findProgram('ceph-mon'), '-c', configPath, '-i', 'a', '--keyring', keyring] as const
  await run([...program, '--mkfs', '--monmap', map])
  const logPath = join(directory, 'mon.log')
  const process = await startDaemon([...program, '-f'], { logPath, cwd: directory })
  await waitUntilReady(
    async () => {
      await run([findProgram('ceph'), '-c', configPath, '--connect-timeout', '10', 'mon', 'stat'])
      return true
    },
    { name: 'ceph-mon', process, logPath },
  )
  return process
}

async function startOsd({ directory, configPath }: Cluster): Promise<ProcessRecord> {
  const ceph = [findProgram('ceph'), '-c', configPath] as const
  const authtool = findProgram('ceph-authtool')
  const secret = (await run([authtool, '--gen-print-key'])).trim()
  const secretPath = join(directory, 'osd.json')
  await writeFile(secretPath, JSON.stringify({ cephx_secret: secret }), { mode: 0o600 })
  const uuid = crypto.randomUUID()
  await run([...ceph, 'osd', 'new', uuid, '-i', secretPath])
  await run([authtool, '--create-keyring', join(directory, 'osd/keyring'), '-n', 'osd.0', '--add-key', secret])
  const program = [findProgram('ceph-osd'), '-c', configPath, '-i', '0'] as const
  await run([...program, '--mkfs', '--osd-uuid', uuid])
  const logPath = join(directory, 'osd.log')
  const process = await startDaemon([...program, '-f'], { logPath, cwd: directory })
  const isUp = async () => / 1 up/.test(await run([...ceph, 'osd', 'stat']))
  await waitUntilReady(isUp, { name: 'ceph-osd', process, logPath })
  return process
}

function clusterConfig({ directory, fsid, address }: Omit<Cluster, 'configPath'>): string {
  return `[global]
fsid = ${fsid}
mon_host = ${address}
public_network = 127.0.0.0/8
ms_bind_ipv6 = false
auth_allow_insecure_global_id_reclaim = false
keyring = ${directory}/ceph.$name.keyring
run_dir = ${directory}
crash_dir = ${directory}
admin_socket =
log_file =
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_allow_pool_delete = true
mon_max_pg_per_osd = 1000
[mon]
mon_data = ${directory}/mon
mon_data_avail_warn = 2
mon_data_avail_crit = 1
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
[osd]
osd_data = ${directory}/osd
keyring = ${directory}/osd/keyring
osd_objectstore = memstore
memstore_device_bytes = ${16 * 2 ** 30}
`
}
