import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { glimpse } from '../support/implementations.ts'
import { readExpectation } from './expected.ts'
import { openAreaOf } from './open.ts'
import { runTempest, tempestModules } from './run.ts'
import { startSite } from './site.ts'
import type { TempestResult } from './subunit.ts'

const expectation = await readExpectation()

describe('Tempest passes what it passes on the reference', () => {
  let results: ReadonlyMap<string, TempestResult>

  before(async () => {
    await using site = await startSite(glimpse)
    results = await runTempest(tempestModules(), { directory: site.directory })
  })

  const passes = (name: string) => results.get(name)?.status === 'passed'

  for (const name of expectation.passed) {
    const open = openAreaOf(name)
    if (open) {
      it(`open, for want of ${open.area}: ${name}`, () => {
        assert.ok(!passes(name), 'it passes: take it from the list of open areas')
      })
    } else {
      it(name, () => {
        const result = results.get(name)
        assert.ok(
          passes(name),
          result ? `${result.status}: ${result.details}` : `did not run: ${failuresOfClass(name)}`,
        )
      })
    }
  }

  it('has all of its tests in the record of the reference', () => {
    const known = new Set([
      ...expectation.passed,
      ...Object.keys(expectation.failed),
      ...Object.keys(expectation.skipped),
    ])
    const unknown = [...results].filter(([name, { status }]) => status === 'passed' && !known.has(name))
    assert.deepEqual(unknown, [])
  })

  /** A class whose set-up fails has that failure alone. */
  function failuresOfClass(name: string): string {
    const className = name.slice(0, name.lastIndexOf('.'))
    return [...results]
      .filter(([other]) => other.includes(className) && other.startsWith('setUpClass'))
      .map(([, { details }]) => details)
      .join('\n')
  }
})
