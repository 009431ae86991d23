import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { glimpse, reference } from '../support/implementations.ts'
import { peers } from '../support/peers.ts'
import { cases } from './cases/index.ts'
import { covers, type Difference, differences } from './differences.ts'
import type { Outcome } from './support/compare.ts'
import { type Deployment, deploy } from './support/deployment.ts'
import { makeFixtures } from './support/images.ts'
import { makeNamespaces } from './support/namespaces.ts'
import { makePersonas, type Personas } from './support/personas.ts'
import { runCase } from './support/run-case.ts'
import { caseSettings } from './support/settings.ts'

describe('answers as the reference does', () => {
  const deployments: Deployment[] = []
  let personas: Personas
  const unused = new Set(differences)

  before(async () => {
    const { keystone } = await peers('keystone')
    personas = await makePersonas(keystone)
    for (const implementation of [reference, glimpse]) {
      deployments.push(await deploy(implementation, { extra: caseSettings }))
    }
    await Promise.all(deployments.map((deployment) => makeFixtures(deployment, personas)))
    await Promise.all(deployments.map((deployment) => makeNamespaces(deployment, personas)))
  })

  after(async () => {
    await Promise.all(deployments.map((deployment) => deployment[Symbol.asyncDispose]()))
  })

  for (const testCase of cases) {
    it(testCase.name, async () => {
      const freshId = randomUUID()
      const [expected, actual] = await Promise.all(
        deployments.map((deployment) => runCase(deployment, personas, { testCase, freshId })),
      )
      assert.ok(expected && actual)
      const known = differences.filter((difference) => covers(difference, testCase.name))
      for (const difference of allow({ expected, actual }, known)) unused.delete(difference)
      assert.deepEqual(actual, expected)
    })
  }

  it('has no case twice', () => {
    const names = cases.map(({ name }) => name)
    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    )
  })

  it('has no difference on record that is none', () => {
    assert.deepEqual([...unused], [])
  })
})

/** Sets the fields of the known differences to what Glimpse gives, and tells which of them did differ. */
function allow(
  { expected, actual }: { expected: Outcome[]; actual: Outcome[] },
  known: readonly Difference[],
): Difference[] {
  return known.filter((difference) => {
    const [, step = '0', field = ''] = /^(?:next (\d+) )?(.+)$/.exec(difference.field) ?? []
    const index = Number(step)
    const [wanted, given] = [expected[index], actual[index]]
    if (!wanted || !given) return false
    const read = (outcome: Outcome) =>
      field === 'status' || field === 'body' ? outcome[field] : outcome.headers[field]
    if (isDeepStrictEqual(read(wanted), read(given))) return false
    if ('glimpse' in difference) assert.deepEqual(read(given), difference.glimpse, difference.reason)
    expected[index] =
      field === 'status' || field === 'body'
        ? { ...wanted, [field]: read(given) }
        : { ...wanted, headers: { ...wanted.headers, [field]: given.headers[field] } }
    return true
  })
}
