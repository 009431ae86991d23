import { randomBytes } from 'node:crypto'
import { type RbdStoreConfig, rbdStoreOptions } from '../../src/drivers/stores/rbd/options.ts'
import { findProgram } from '../peers/packages.ts'
import { run } from '../peers/processes.ts'
import type { CephState } from '../peers/state.ts'

/** A pool of a test's own, seen with the operator's tools. */
export interface CephPool extends AsyncDisposable {
  readonly name: string
  /** Runs `rbd` as the store's user, in the pool. */
  rbd(...args: readonly string[]): Promise<string>
  /** Names of all images. */
  images(): Promise<string[]>
  /** Names of all RADOS objects, those of the pool's own bookkeeping left out. */
  objects(): Promise<string[]>
  /** Puts a client on the blocklist of the cluster, by an address as `rbd status` shows it. */
  block(address: string): Promise<void>
  /** Keys of the pool's metadata. */
  metadata(): Promise<string[]>
}

export async function makeCephPool(ceph: CephState): Promise<CephPool> {
  const name = `pool-${randomBytes(4).toString('hex')}`
  const admin = (program: string, ...args: string[]) => run([findProgram(program), '-c', ceph.configPath, ...args])
  await admin('ceph', 'osd', 'pool', 'create', name, '4')
  await admin('ceph', 'osd', 'pool', 'application', 'enable', name, 'rbd')
  const rbd = (...args: readonly string[]) =>
    run([findProgram('rbd'), '-c', ceph.configPath, '--id', ceph.user, '-p', name, ...args])
  return {
    name,
    rbd,
    block: async (address) => void (await admin('ceph', 'osd', 'blocklist', 'add', address, '60')),
    images: async () => lines(await rbd('ls')),
    objects: async () =>
      lines(await admin('rados', '-p', name, 'ls')).filter(
        (object) => !/^rbd_(directory|info|children|trash)$/.test(object),
      ),
    metadata: async () => lines(await admin('rados', '-p', name, 'listomapkeys', 'rbd_info')).sort(),
    async [Symbol.asyncDispose]() {
      await admin('ceph', 'osd', 'pool', 'rm', name, name, '--yes-i-really-really-mean-it')
    },
  }
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** The store's options for that pool. */
export function rbdConfig(
  ceph: CephState,
  pool: { name: string },
  changed: Partial<RbdStoreConfig> = {},
): RbdStoreConfig {
  const defaults = Object.fromEntries(Object.entries(rbdStoreOptions).map(([name, option]) => [name, option.default]))
  return {
    ...(defaults as unknown as RbdStoreConfig),
    rbd_store_pool: pool.name,
    rbd_store_user: ceph.user,
    rbd_store_ceph_conf: ceph.configPath,
    ...changed,
  }
}
