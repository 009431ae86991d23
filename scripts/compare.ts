/**
 * Sends the cases of test/acceptance to the reference and to Glimpse and tells where the answers differ:
 *
 *     npm run compare -- [--verbose] [PART-OF-A-NAME]...
 *     npm run compare -- --url URL PART-OF-A-NAME...
 *
 * A name is that of a suite, an area (`list:`) or a case. With `--url` the matching requests go to that service alone, all with
 * the token in `$OS_TOKEN` for the project `$OS_PROJECT_ID`, and the answers are shown. `--verbose` shows every case and its answers.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, isDeepStrictEqual, parseArgs } from 'node:util'
import { differences } from '../test/acceptance/differences.ts'
import { type Suite, suites } from '../test/acceptance/suites.ts'
import type { Outcome } from '../test/acceptance/support/compare.ts'
import { ComparedServices } from '../test/acceptance/support/comparison.ts'
import { targetAt } from '../test/acceptance/support/deployment.ts'
import { type Persona, type Personas, personaNames } from '../test/acceptance/support/personas.ts'
import { runCase } from '../test/acceptance/support/run-case.ts'
import { installPackages } from '../test/peers/packages.ts'
import { down, up } from '../test/peers/up.ts'

const { values, positionals } = parseArgs({
  options: { url: { type: 'string' }, verbose: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const selected = suites.map(select).filter(({ cases }) => cases.length > 0)
if (selected.length === 0) throw new Error(`no case has ${positionals.join(' or ')} in its name`)
if (values.url === undefined) await compareAll()
else await ask(values.url)

function select(suite: Suite): Suite {
  if (positionals.length === 0 || positionals.includes(suite.name)) return suite
  return { ...suite, cases: suite.cases.filter(({ name }) => positionals.some((part) => name.includes(part))) }
}

/** Uses the peers that `$GLIMPSE_PEERS` names, or starts some for this run. */
async function compareAll(): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  if (process.env.GLIMPSE_PEERS === undefined) {
    installPackages(console.log)
    const folder = await mkdtemp(join(tmpdir(), 'glimpse-compare-peers-'))
    process.env.GLIMPSE_PEERS = join(folder, 'state.json')
    cleanup.defer(() => rm(folder, { recursive: true, force: true }))
    cleanup.defer(down)
    await up(['mariadb', 'memcached', 'keystone'], console.log)
  }
  const counts = { cases: 0, explained: 0, unexplained: 0 }
  const unused = new Set(differences)
  for (const suite of selected) {
    await using services = await ComparedServices.start(suite, 'live')
    for (const testCase of suite.cases) {
      const { expected, actual, known } = await services.compare(testCase)
      counts.cases++
      for (const difference of known) unused.delete(difference)
      const same = isDeepStrictEqual(actual, expected)
      if (!same) counts.unexplained++
      else if (known.length > 0) counts.explained++
      if (!same) console.log(`DIFFERS ${testCase.name}\n${showDifferences(expected, actual)}`)
      else if (values.verbose)
        console.log(`${known.length > 0 ? 'meant' : 'equal'} ${testCase.name}\n  ${show(actual)}`)
      if (same && values.verbose) for (const { field, reason } of known) console.log(`  ${field}: ${reason}`)
    }
  }
  console.log(`${counts.cases} cases, ${counts.explained} with meant differences, ${counts.unexplained} unexplained`)
  const stale = positionals.length === 0 ? [...unused] : []
  for (const { cases, field } of stale) console.log(`on record but gone: ${field} of ${show(cases)}`)
  process.exitCode = counts.unexplained + stale.length === 0 ? 0 : 1
}

async function ask(url: string): Promise<void> {
  const caller: Persona = { token: process.env.OS_TOKEN, projectId: process.env.OS_PROJECT_ID ?? '' }
  const personas = Object.fromEntries(personaNames.map((name) => [name, caller])) as Personas
  for (const testCase of selected.flatMap(({ cases }) => cases)) {
    const outcomes = await runCase(targetAt(url), personas, { testCase, freshId: randomUUID() })
    console.log(`${testCase.name}\n  ${show(outcomes)}`)
  }
}

/** One paragraph for each field that differs, named as in test/acceptance/differences.ts. */
function showDifferences(expected: readonly Outcome[], actual: readonly Outcome[]): string {
  return expected
    .flatMap((wanted, index) => {
      const [ours, theirs] = [fieldsOf(actual[index]), fieldsOf(wanted)]
      const step = index === 0 ? '' : `next ${index} `
      return [...new Set([...Object.keys(theirs), ...Object.keys(ours)])]
        .filter((field) => !isDeepStrictEqual(ours[field], theirs[field]))
        .map((field) => `  ${step}${field}\n    reference ${show(theirs[field])}\n    glimpse   ${show(ours[field])}`)
    })
    .join('\n')
}

function fieldsOf(outcome: Outcome | undefined): Record<string, unknown> {
  return { status: outcome?.status, ...outcome?.headers, body: outcome?.body }
}

function show(value: unknown): string {
  return inspect(value, { depth: 8, breakLength: 160, maxStringLength: 500 }).replaceAll('\n', '\n    ')
}
