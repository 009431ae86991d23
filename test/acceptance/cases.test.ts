import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { differences } from './differences.ts'
import { suites } from './suites.ts'
import { ComparedServices } from './support/comparison.ts'

const unused = new Set(differences)

for (const suite of suites) {
  describe(`answers as the reference does: ${suite.name}`, () => {
    let services: ComparedServices

    before(async () => {
      services = await ComparedServices.start(suite)
    })

    after(() => services?.[Symbol.asyncDispose]())

    for (const testCase of suite.cases) {
      it(testCase.name, async () => {
        const { expected, actual, known } = await services.compare(testCase)
        for (const difference of known) unused.delete(difference)
        assert.deepEqual(actual, expected)
      })
    }
  })
}

describe('the list of cases', () => {
  it('has no case twice', () => {
    const names = suites.flatMap(({ cases }) => cases.map(({ name }) => name))
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  it('has no difference on record that is none', () => {
    assert.deepEqual([...unused], [])
  })
})
