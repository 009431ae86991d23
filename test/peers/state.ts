import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isAlive, type ProcessRecord } from './processes.ts'

interface Listening {
  readonly host: string
  readonly port: number
  readonly process: ProcessRecord
  /** Further processes, which end with it. */
  readonly helpers?: readonly ProcessRecord[]
}

/** A database server; the user may create and drop databases. */
export interface DatabaseState extends Listening {
  readonly user: string
  readonly password: string
}

export interface KeystoneState extends Listening {
  /** The port that old configurations call the admin port; the same service answers there. */
  readonly adminPort: number
  readonly region: string
  /** Every account lives in domain `default`. */
  readonly admin: Account
  readonly demo: Account
  /** The user that services validate tokens with. */
  readonly service: Account
}

/** Swift's proxy: its own API for tokens of Keystone (`/v1/AUTH_<project id>`, in the catalog), and Amazon's at `/`. */
export interface SwiftState extends Listening {
  /** Signs S3 requests (path style, signature 4). */
  readonly s3: { readonly region: string; readonly accessKey: string; readonly secretKey: string }
}

/** A Ceph cluster; `port` and `process` are those of its monitor. */
export interface CephState extends Listening {
  readonly helpers: readonly [osd: ProcessRecord]
  /** Names the monitor, and the keyrings of `admin` and of `user` beside it. */
  readonly configPath: string
  readonly fsid: string
  /** A client that may use the pools for images. */
  readonly user: string
  readonly pool: string
  /** For `rbd_default_data_pool`. */
  readonly dataPool: string
}

/** Ceph's object gateway, which speaks S3 with paths (`http://host:port/bucket/key`). */
export interface RadosgwState extends Listening {
  readonly accessKey: string
  readonly secretKey: string
}

export interface Account {
  readonly username: string
  readonly password: string
  readonly project: string
}

/** What runs, as the file says. */
export interface PeersState {
  mariadb?: DatabaseState
  postgres?: DatabaseState & { readonly directory: string }
  memcached?: Listening
  keystone?: KeystoneState
  swift?: SwiftState
  ceph?: CephState
  radosgw?: RadosgwState
}

export type PeerName = keyof PeersState

/** What most tests need. */
export const usual: readonly PeerName[] = ['mariadb', 'postgres', 'memcached', 'keystone']

/** Started only when a test asks for them: few do. */
export const onDemand: readonly PeerName[] = ['swift', 'ceph', 'radosgw']

export const peerNames: readonly PeerName[] = [...usual, ...onDemand]

/** Peers that have to run before this one, and whose restart asks for its restart. */
export const dependencies: Readonly<Record<PeerName, readonly PeerName[]>> = {
  mariadb: [],
  postgres: [],
  memcached: [],
  keystone: ['mariadb', 'memcached'],
  swift: ['keystone', 'memcached'],
  ceph: [],
  radosgw: ['ceph'],
}

/** True if all processes of the peer run. */
export function runs(peer: Listening | undefined): peer is Listening {
  return peer !== undefined && [peer.process, ...(peer.helpers ?? [])].every(isAlive)
}

/** The state file: `$GLIMPSE_PEERS`, or `.peers/state.json` in the repository. */
export function statePath(): string {
  return resolve(process.env.GLIMPSE_PEERS ?? resolve(import.meta.dirname, '../../.peers/state.json'))
}

/** The folder that holds the state file and all data and logs of the peers. */
export function stateDirectory(): string {
  return dirname(statePath())
}

/** Holds one file per image service that a test runs, named after its pid. */
export function servicesDirectory(): string {
  return join(stateDirectory(), 'services')
}

/** Reads what was started; nothing at all if the file is missing. */
export async function readState(): Promise<PeersState> {
  try {
    return JSON.parse(await readFile(statePath(), 'utf8')) as PeersState
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw error
  }
}

/** Replaces the state file in one step, so that a reader never sees half of it. */
export async function writeState(state: PeersState): Promise<void> {
  const path = statePath()
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.new`, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(`${path}.new`, path)
}
