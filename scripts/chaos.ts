/**
 * Imports images of all methods into several stores while workers and whole nodes of the service are killed, then looks
 * whether anything was lost or left:
 *
 *     npm run chaos -- [--imports 60] [--seconds 600] [--seed NUMBER] [--small]
 *
 * `--small` is what the tests run: few and small imports, without Keystone and S3.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { allowedMs, type ChaosResult, runChaos } from '../test/chaos/run.ts'
import { installPackages } from '../test/peers/packages.ts'
import { down, up } from '../test/peers/up.ts'

const { values } = parseArgs({
  options: {
    imports: { type: 'string', default: '60' },
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    small: { type: 'boolean', default: false },
  },
})

report(await runBesidePeers())

/** Uses the peers that `$GLIMPSE_PEERS` names, or starts some for this run. */
async function runBesidePeers(): Promise<ChaosResult> {
  await using cleanup = new AsyncDisposableStack()
  if (process.env.GLIMPSE_PEERS === undefined) {
    installPackages(console.log)
    const folder = await mkdtemp(join(tmpdir(), 'glimpse-chaos-peers-'))
    process.env.GLIMPSE_PEERS = join(folder, 'state.json')
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    cleanup.defer(down)
    await up(['mariadb', 'memcached', 'keystone'], console.log)
  }
  console.log(`seed ${values.seed}`)
  const { small } = values
  return await runChaos({
    imports: Number(values.imports),
    seconds: Number(values.seconds),
    seed: Number(values.seed),
    isLarge: !small,
    leastMib: small ? 4 : 64,
    mostMib: small ? 12 : 256,
    mibPerSecond: small ? 8 : 24,
    atOnce: 8,
    tell: console.log,
  })
}

function report({ outcomes, havoc, loops, source, ...result }: ChaosResult): void {
  const blocked = `an event loop was blocked ${loops.violations} times for more than ${allowedMs} ms`
  const violations = [...result.violations, ...(loops.violations > 0 ? [blocked] : [])]
  const count = (status: string) => outcomes.filter((outcome) => outcome.status === status).length
  const failed = outcomes.filter(({ reason }) => reason !== '').length
  console.log(`killed: ${havoc.workers} workers, ${havoc.nodes} nodes; stopped for a while: ${havoc.freezes} workers`)
  console.log(`imports: ${count('active')} active, ${count('queued')} queued again; ${failed} told of a reason`)
  console.log(
    `sources: ${source.broken} answers broken off, ${source.resumed} gone on with, ${source.bytes} bytes sent`,
  )
  console.log(`event loops: at most ${loops.longestMs} ms late, and ${loops.longestBusyMs} ms at work in one turn`)
  for (const line of loops.worst) console.log(`  ${line}`)
  console.log(`a process that does nothing was at most ${loops.controlLongestMs} ms late`)
  for (const violation of violations) console.log(`VIOLATED: ${violation}`)
  console.log(violations.length === 0 ? 'nothing was lost, nothing was left' : `${violations.length} violations`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
