import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installedVersions } from '../peers/packages.ts'
import type { TempestResult } from './subunit.ts'

/** What the reference did with each test, as `npm run tempest -- --reference --record` has seen it. */
export interface Expectation {
  /** The Debian packages that took part, with their versions. */
  readonly packages: Readonly<Record<string, string>>
  readonly passed: readonly string[]
  /** With the last line of the failure. */
  readonly failed: Readonly<Record<string, string>>
  /** With the reason. */
  readonly skipped: Readonly<Record<string, string>>
}

const path = join(import.meta.dirname, 'expected.json')

export async function readExpectation(): Promise<Expectation> {
  return JSON.parse(await readFile(path, 'utf8')) as Expectation
}

/** Replaces what is expected of some modules by what has just been seen of them. */
export async function recordExpectation(
  results: ReadonlyMap<string, TempestResult>,
  modules: readonly string[],
): Promise<void> {
  const before = await readExpectation()
  const isOld = (name: string) => !modules.some((module) => name.includes(`${module}.`))
  const named = (status: TempestResult['status']) => [...results].filter(([, result]) => result.status === status)
  const reasons = (status: 'failed' | 'skipped') => {
    const old = Object.entries(before[status]).filter(([name]) => isOld(name))
    const fresh = named(status).map(([name, { details }]) => [name, summary(details)] as const)
    return Object.fromEntries([...old, ...fresh].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
  const expectation: Expectation = {
    packages: await installedVersions(['glance-api', 'python3-tempest', 'glance-tempest-plugin', 'keystone']),
    passed: [...before.passed.filter(isOld), ...named('passed').map(([name]) => name)].sort(),
    failed: reasons('failed'),
    skipped: reasons('skipped'),
  }
  await writeFile(path, `${JSON.stringify(expectation, null, 2)}\n`)
}

/** The line of a traceback that says what went wrong, without what differs in each run. */
function summary(details: string): string {
  const lines = details
    .split('\n')
    .filter((line) => !line.startsWith('Content-Type'))
    .filter((line) => /^\S+(Error|Exception)?: |^[a-z_.]+\.[A-Za-z]+(: |$)|^Details: /.test(line))
  const text = (lines.length > 0 ? lines : details.split('\n').slice(-2)).join(' ').slice(0, 300)
  return text
    .replaceAll(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g, '<id>')
    .replaceAll(/\b[0-9a-f]{32}\b/g, '<id>')
    .replaceAll(/127\.0\.0\.1:\d+/g, '<address>')
}
