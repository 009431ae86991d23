import { mkdir, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCeph } from './ceph.ts'
import { startKeystone } from './keystone.ts'
import { startMariadb } from './mariadb.ts'
import { startMemcached } from './memcached.ts'
import { startPostgres } from './postgres.ts'
import { isAlive, type ProcessRecord, recordOf, stopDaemon } from './processes.ts'
import { startRadosgw } from './radosgw.ts'
import {
  dependencies,
  type PeerName,
  type PeersState,
  peerNames,
  readState,
  runs,
  servicesDirectory,
  stateDirectory,
  usual,
  writeState,
} from './state.ts'
import { startSwift } from './swift.ts'

/** Starts those of the named peers (by default the usual ones) that do not run, with what they need; the others stay as they are. */
export async function up(
  names: readonly PeerName[] = usual,
  log: (line: string) => void = () => {},
): Promise<PeersState> {
  await using _lock = await takeLock()
  const state = await readState()
  for (const name of peerNames) {
    const peer = state[name]
    if (peer === undefined || runs(peer)) continue
    await stopPeer(peer)
    delete state[name]
  }
  const directory = stateDirectory()
  const logDirectory = join(directory, 'log')
  const begun = new Map<PeerName, Promise<boolean>>()

  /** Resolves to true if the peer was started now. */
  const ensure = (name: PeerName): Promise<boolean> => {
    const known = begun.get(name)
    if (known) return known
    const promise = (async () => {
      const fresh = await Promise.all(dependencies[name].map(ensure))
      const running = state[name]
      if (running && !fresh.includes(true)) return false
      if (running) await stopPeer(running)
      const startedAt = performance.now()
      await start(name)
      log(`${name} is up after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
      return true
    })()
    begun.set(name, promise)
    return promise
  }

  const start = async (name: PeerName): Promise<void> => {
    if (name === 'mariadb') state.mariadb = await startMariadb(join(directory, 'mariadb'))
    if (name === 'postgres') state.postgres = await startPostgres(logDirectory)
    if (name === 'memcached') state.memcached = await startMemcached(logDirectory)
    if (name === 'keystone') {
      const { mariadb, memcached } = state
      if (!mariadb || !memcached) throw new Error('Keystone needs MariaDB and memcached')
      state.keystone = await startKeystone(join(directory, 'keystone'), { mariadb, memcached })
    }
    if (name === 'swift') {
      const { keystone, memcached } = state
      if (!keystone || !memcached) throw new Error('Swift needs Keystone and memcached')
      state.swift = await startSwift(join(directory, 'swift'), { keystone, memcached })
    }
    if (name === 'ceph') state.ceph = await startCeph(join(directory, 'ceph'))
    if (name === 'radosgw') {
      if (!state.ceph) throw new Error('radosgw needs Ceph')
      state.radosgw = await startRadosgw(join(directory, 'radosgw'), state.ceph)
    }
  }

  const results = await Promise.allSettled(names.map(ensure))
  await writeState(state)
  const failures = results.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown)
  if (failures.length === 1) throw failures[0]
  if (failures.length > 1) throw new AggregateError(failures, failures.map(String).join('\n'))
  return state
}

/** Stops every peer that the state file names and every service that a test left, and removes their data. */
export async function down(): Promise<void> {
  await using _lock = await takeLock()
  const state = await readState()
  await stopServices()
  // The data goes away with them, so nobody waits for an orderly end.
  await Promise.all(peerNames.map((name) => state[name] && stopPeer(state[name], { graceMs: 1500 })))
  if (state.postgres) await rm(state.postgres.directory, { recursive: true, force: true })
  await rm(stateDirectory(), { recursive: true, force: true })
}

type Peer = NonNullable<PeersState[PeerName]>

async function stopPeer({ process, helpers = [] }: Peer, options?: { graceMs: number }): Promise<void> {
  await Promise.all([process, ...helpers].map((record) => stopDaemon(record, options)))
}

/** Ends the image services whose tests ended before they could do so. */
async function stopServices(): Promise<void> {
  const names = await readdir(servicesDirectory()).catch(() => [])
  const records = await Promise.all(names.map((name) => readFile(join(servicesDirectory(), name), 'utf8')))
  await Promise.all(records.map((text) => stopDaemon(JSON.parse(text) as ProcessRecord, { graceMs: 1500 })))
}

/** One `up` or `down` at a time; a lock left by a process that is gone is taken over. */
async function takeLock(): Promise<AsyncDisposable> {
  const path = join(stateDirectory(), 'lock')
  const deadline = Date.now() + 180_000
  for (;;) {
    // The holder may be a `down`, which removes the folder.
    await mkdir(stateDirectory(), { recursive: true })
    try {
      const file = await open(path, 'wx')
      await file.writeFile(JSON.stringify(recordOf(process.pid)))
      await file.close()
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    } catch (error) {
      if (!['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
    }
    if (await isStale(path)) await rm(path, { force: true })
    if (Date.now() > deadline) throw new Error(`${path} is held by another run`)
    await sleep(100)
  }
}

async function isStale(path: string): Promise<boolean> {
  try {
    const text = await readFile(path, 'utf8')
    return text !== '' && !isAlive(JSON.parse(text) as ProcessRecord)
  } catch {
    return false
  }
}
