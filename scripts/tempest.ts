/**
 * Runs Tempest's image tests and those of glance-tempest-plugin beside peers of their own:
 *
 *     npm run tempest -- [--reference [--record]] [PART-OF-A-MODULE]...
 *
 * With `--reference` against Debian's Glance, whose results `--record` writes to
 * test/tempest/expected.json for the modules that were run.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { installPackages } from '../test/peers/packages.ts'
import { down, up } from '../test/peers/up.ts'
import { glimpse, reference } from '../test/support/implementations.ts'
import { recordExpectation } from '../test/tempest/expected.ts'
import { runTempest, tempestModules } from '../test/tempest/run.ts'
import { startSite } from '../test/tempest/site.ts'
import type { TempestResult } from '../test/tempest/subunit.ts'

const { values, positionals } = parseArgs({
  options: { reference: { type: 'boolean', default: false }, record: { type: 'boolean', default: false } },
  allowPositionals: true,
})
if (values.record && !values.reference)
  throw new Error('What is recorded is what the reference does: --reference --record')
const modules = tempestModules().filter(
  (module) => positionals.length === 0 || positionals.some((part) => module.includes(part)),
)
if (modules.length === 0) throw new Error(`no module of Tempest is called ${positionals.join(' or ')}`)

const results = await runBesidePeers()
if (values.record) await recordExpectation(results, modules)
report(results)

/** Uses the peers that `$GLIMPSE_PEERS` names, or starts some for this run. */
async function runBesidePeers(): Promise<Map<string, TempestResult>> {
  await using cleanup = new AsyncDisposableStack()
  if (process.env.GLIMPSE_PEERS === undefined) {
    installPackages(console.log)
    const folder = await mkdtemp(join(tmpdir(), 'glimpse-tempest-peers-'))
    process.env.GLIMPSE_PEERS = join(folder, 'state.json')
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    cleanup.defer(down)
    await up(['mariadb', 'memcached', 'keystone'], console.log)
  }
  const site = cleanup.use(await startSite(values.reference ? reference : glimpse))
  return await runTempest(modules, { directory: site.directory })
}

function report(all: ReadonlyMap<string, TempestResult>): void {
  for (const [name, { status, details }] of all) {
    console.log(`${status} ${name}`)
    if (status !== 'passed') console.log(details.replaceAll(/^/gm, '    '))
  }
  const count = (status: TempestResult['status']) => [...all.values()].filter((one) => one.status === status).length
  console.log(`${count('skipped')} skipped`)
  console.log(`${count('passed')} passed, ${count('failed')} failed`)
  process.exitCode = count('failed') === 0 ? 0 : 1
}
