/**
 * Runs the tests: installs the Debian packages that are missing, starts the peers, runs everything or the paths given,
 * stops the peers. The last line is `N passed, N failed`, over all runs.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { installPackages } from '../test/peers/packages.ts'
import { down, up } from '../test/peers/up.ts'

interface Counts {
  passed: number
  failed: number
}

const root = resolve(import.meta.dirname, '..')
const interrupted = new AbortController()

/**
 * The unit tests share one process, which is far faster; the others get one each, for their services and signals. Each of
 * those keeps about two cores busy, and some measure time.
 */
const unitTests = { glob: 'src/**/*.test.ts', args: ['--test-isolation=none'] }
const peerTests = {
  glob: 'test/{contract,integration,acceptance,tempest}/**/*.test.ts',
  args: [`--test-concurrency=${Math.max(1, Math.floor(availableParallelism() / 2))}`],
}

function select({ glob }: { glob: string }, wanted: readonly string[]): string[] {
  const all = globSync(glob, { cwd: root }).sort()
  if (wanted.length === 0) return all
  return all.filter((file) => wanted.some((path) => file === path || file.startsWith(`${path}/`)))
}

/** Runs `node --test` on the files. Tests that were cancelled, skipped or left to do count as failed. */
async function runTests(files: readonly string[], { args, folder }: { args: readonly string[]; folder: string }) {
  const tapPath = join(folder, 'results.tap')
  await rm(tapPath, { force: true })
  const command = [
    ...['--test', '--test-timeout=900000', ...args],
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=tap', `--test-reporter-destination=${tapPath}`],
    ...files,
  ]
  const code = await new Promise<number>((done, fail) => {
    const child = spawn(process.execPath, command, { cwd: root, stdio: 'inherit', signal: interrupted.signal })
    child.once('error', (error) => (interrupted.signal.aborted ? done(1) : fail(error)))
    child.once('close', (exitCode) => done(exitCode ?? 1))
  })
  const counts = countTap(await readFile(tapPath, 'utf8').catch(() => ''))
  // A runner that dies counts as a failure of its own.
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

function countTap(text: string): Counts {
  const count = (name: string) => Number(text.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1] ?? 0)
  return {
    passed: count('pass'),
    failed: count('fail') + count('cancelled') + count('skipped') + count('todo'),
  }
}

/** Runs the tests beside peers of this run's own, so that peers which somebody works with are left alone. */
async function runWithPeers(files: readonly string[], folder: string): Promise<Counts> {
  installPackages(console.log)
  process.env.GLIMPSE_PEERS = join(folder, 'peers', 'state.json')
  try {
    await up(undefined, console.log)
    return await runTests(files, { args: peerTests.args, folder })
  } finally {
    await down()
  }
}

async function main(paths: readonly string[]): Promise<Counts> {
  const wanted = paths.map((path) => relative(root, resolve(path)))
  const missing = wanted.find((path) => !existsSync(join(root, path)))
  if (missing !== undefined) throw new Error(`${missing} does not exist`)
  const [units, others] = [select(unitTests, wanted), select(peerTests, wanted)]
  if (units.length + others.length === 0) throw new Error(`no tests in ${wanted.join(', ')}`)
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-test-'))
  // Tests that are cut short leave their folders behind: they lie in this one. PostgreSQL, as a user of its own, passes through.
  await chmod(folder, 0o755)
  process.env.TMPDIR = folder
  const total: Counts = { passed: 0, failed: 0 }
  const add = (counts: Counts) => {
    total.passed += counts.passed
    total.failed += counts.failed
  }
  try {
    if (units.length > 0) add(await runTests(units, { args: unitTests.args, folder }))
    if (others.length > 0) add(await runWithPeers(others, folder))
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    add({ passed: 0, failed: 1 })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return total
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort())
try {
  const { passed, failed } = await main(process.argv.slice(2))
  process.exitCode = failed === 0 ? 0 : 1
  console.log(`${passed} passed, ${failed} failed`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
  console.log('0 passed, 1 failed')
}
