import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { startMariadb } from '../peers/mariadb.ts'
import { freePort } from '../peers/ports.ts'
import { stopDaemon } from '../peers/processes.ts'
import type { DatabaseState } from '../peers/state.ts'
import { type DatabasePeer, mariadbPeer } from './databases.ts'

/** A cluster whose nodes take each other's writes; no lock of one holds on another. */
export interface GaleraCluster extends AsyncDisposable {
  readonly nodes: readonly DatabasePeer[]
}

/** Starts a cluster of so many nodes on 127.0.0.1, with empty data folders within `directory`. */
export async function startGalera(directory: string, { size }: { size: number }): Promise<GaleraCluster> {
  const ports = await Promise.all(Array.from({ length: size }, () => freePort()))
  const addresses = ports.map((port) => `127.0.0.1:${port}`)
  const started: DatabaseState[] = []
  await chmod(directory, 0o755)
  const stop = async () => {
    for (const node of started.toReversed()) await stopDaemon(node.process, { graceMs: 20_000 })
  }
  try {
    for (const [index, address] of addresses.entries()) {
      const [transfer, snapshot] = [await freePort(), await freePort()]
      const settings = [
        'wsrep_on = ON',
        'wsrep_provider = /usr/lib/galera/libgalera_smm.so',
        'wsrep_cluster_name = glimpse',
        `wsrep_cluster_address = gcomm://${addresses.join()}`,
        `wsrep_provider_options = "base_host=127.0.0.1; base_port=${ports[index]}; gmcast.listen_addr=tcp://${address}; ist.recv_addr=127.0.0.1:${transfer}; gcache.size=16M"`,
        `wsrep_node_name = node${index}`,
        'wsrep_node_address = 127.0.0.1',
        `wsrep_sst_receive_address = 127.0.0.1:${snapshot}`,
        'wsrep_sst_method = rsync',
        'binlog_format = ROW',
        'innodb_autoinc_lock_mode = 2',
        'innodb_buffer_pool_size = 64M',
      ]
      const [first] = started
      started.push(
        await startMariadb(join(directory, `node${index}`), {
          settings,
          // rsync, by which a node gets its data, gives away root's rights.
          ...(process.getuid?.() === 0 && { user: 'mysql' }),
          ...(first ? { password: first.password } : { args: ['--wsrep-new-cluster'] }),
        }),
      )
    }
  } catch (error) {
    await stop()
    throw error
  }
  return { nodes: started.map(mariadbPeer), [Symbol.asyncDispose]: stop }
}
