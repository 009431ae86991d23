import { userInfo } from 'node:os'
import { join } from 'node:path'
import { findProgram } from './packages.ts'
import { accepts, freePort } from './ports.ts'
import { startDaemon, waitUntilReady } from './processes.ts'
import type { PeersState } from './state.ts'

/** Starts memcached with 64 MiB. */
export async function startMemcached(logDirectory: string): Promise<NonNullable<PeersState['memcached']>> {
  const port = await freePort()
  const logPath = join(logDirectory, 'memcached.log')
  const process = await startDaemon(
    [findProgram('memcached'), '-l', '127.0.0.1', '-p', String(port), '-m', '64', '-u', userInfo().username],
    { logPath },
  )
  await waitUntilReady(() => accepts(port), { name: 'memcached', process, logPath })
  return { host: '127.0.0.1', port, process }
}
