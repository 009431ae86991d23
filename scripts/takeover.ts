/**
 * Replaces Glance by Glimpse on two nodes under load, and back, by the commands of docs/operations.md, and shows what the
 * clients saw:
 *
 *     npm run takeover -- [--seconds N] [--clients N]
 *
 * `--seconds` (20): of load in each phase between two changes; `--clients` (4): at once.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installPackages } from '../test/peers/packages.ts'
import { down, up } from '../test/peers/up.ts'
import { rehearse } from '../test/support/takeover/rehearsal.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, clients: { type: 'string', default: '4' } },
})
await using cleanup = new AsyncDisposableStack()
if (process.env.GLIMPSE_PEERS === undefined) {
  installPackages(console.log)
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-takeover-peers-'))
  process.env.GLIMPSE_PEERS = join(folder, 'state.json')
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  cleanup.defer(down)
  await up(['mariadb', 'memcached', 'keystone'], console.log)
}
const load = await rehearse({
  secondsPerPhase: Number(values.seconds),
  clients: Number(values.clients),
  onProgress: console.log,
})
const faults = load.samples.flatMap(({ fault }) => fault ?? [])
console.log(`\n${load.figures()}\n`)
for (const [crossing, count] of load.crossings) console.log(`read whole ${crossing}: ${count}`)
console.log(`${load.samples.length} requests, ${faults.length} faults`)
for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`)
process.exitCode = faults.length === 0 ? 0 : 1
