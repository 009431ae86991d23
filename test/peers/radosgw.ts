import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { findProgram } from './packages.ts'
import { freePort } from './ports.ts'
import { run, startDaemon, waitUntilReady } from './processes.ts'
import type { CephState, RadosgwState } from './state.ts'

/** Starts Ceph's object gateway on the running cluster, with one S3 user. */
export async function startRadosgw(directory: string, ceph: CephState): Promise<RadosgwState> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  const keyring = join(directory, 'keyring')
  const capabilities = ['mon', 'allow rw', 'osd', 'allow rwx']
  await run([
    findProgram('ceph'),
    '-c',
    ceph.configPath,
    'auth',
    'get-or-create',
    'client.rgw',
    ...capabilities,
    '-o',
    keyring,
  ])
  const port = await freePort()
  const common = ['-c', ceph.configPath, '-n', 'client.rgw', '--keyring', keyring]
  const accessKey = `GLIMPSE${randomBytes(6).toString('hex').toUpperCase()}`
  const secretKey = randomBytes(20).toString('hex')
  // The first one to come makes the gateway's pools; two at once would get in each other's way.
  await run([
    findProgram('radosgw-admin'),
    ...common,
    ...[
      'user',
      'create',
      '--uid=glance',
      '--display-name=glance',
      `--access-key=${accessKey}`,
      `--secret-key=${secretKey}`,
    ],
  ])
  const logPath = join(directory, 'radosgw.log')
  const process = await startDaemon(
    [
      findProgram('radosgw'),
      ...common,
      '-f',
      `--rgw_frontends=beast endpoint=127.0.0.1:${port}`,
      ...['--rgw_dns_name=localhost', '--rgw_thread_pool_size=32', `--rgw_data=${directory}`],
    ],
    { logPath, cwd: directory },
  )
  await waitUntilReady(async () => (await fetch(`http://127.0.0.1:${port}/`)).ok, { name: 'radosgw', process, logPath })
  return { host: '127.0.0.1', port, process, accessKey, secretKey }
}
