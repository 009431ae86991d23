import {
  type CephState,
  onDemand,
  type PeerName,
  type RadosgwState,
  readState,
  runs,
  type SwiftState,
  statePath,
} from '../peers/state.ts'
import { up } from '../peers/up.ts'
import { type DatabasePeer, mariadbPeer, postgresPeer } from './databases.ts'
import { type KeystonePeer, keystonePeer } from './keystone.ts'

export interface Peers {
  readonly mariadb: DatabasePeer
  readonly postgres: DatabasePeer
  readonly memcached: { readonly host: string; readonly port: number }
  readonly keystone: KeystonePeer
  readonly swift: Omit<SwiftState, 'process' | 'helpers'>
  readonly ceph: CephState
  readonly radosgw: Omit<RadosgwState, 'process' | 'helpers'>
}

/**
 * Handles of the named peers, which `node test/peers/cli.ts up` has started; those that few tests need are started now.
 * @throws with that command if one of the others does not run
 */
export async function peers<Name extends PeerName>(...names: readonly Name[]): Promise<Pick<Peers, Name>> {
  const wanted = names.filter((name) => onDemand.includes(name))
  const state = wanted.length > 0 ? await up(wanted) : await readState()
  const handles: Partial<Peers> = {
    ...(state.mariadb && { mariadb: mariadbPeer(state.mariadb) }),
    ...(state.postgres && { postgres: postgresPeer(state.postgres) }),
    ...(state.memcached && { memcached: { host: state.memcached.host, port: state.memcached.port } }),
    ...(state.keystone && { keystone: keystonePeer(state.keystone) }),
    ...(state.swift && { swift: state.swift }),
    ...(state.ceph && { ceph: state.ceph }),
    ...(state.radosgw && { radosgw: state.radosgw }),
  }
  for (const name of names) {
    if (!runs(state[name])) {
      throw new Error(`${name} does not run (${statePath()}); start it with: node test/peers/cli.ts up ${name}`)
    }
  }
  return handles as Pick<Peers, Name>
}
