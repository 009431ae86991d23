import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ReplicationRule } from '../../ports/replication.ts'
import { type Copy, type CopyState, type PlanInput, planOf, type StoreState } from './plan.ts'

const imageId = '5f2b1d3e-0000-4000-8000-000000000001'

function stores(...ids: string[]): StoreState[] {
  return ids.map((id) => ({ id, isWritable: true, isAvailable: true }))
}

function copies(states: Readonly<Record<string, CopyState>>): Copy[] {
  return Object.entries(states).map(([storeId, state], i) => ({ locationId: i + 1, storeId, state }))
}

function rule(more: Partial<ReplicationRule> = {}): ReplicationRule {
  return { name: 'all', match: {}, stores: [], copies: null, ...more }
}

function plan(held: Readonly<Record<string, CopyState>>, more: Partial<PlanInput> = {}) {
  return planOf({ imageId, copies: copies(held), rules: [rule()], stores: stores('a', 'b', 'c'), ...more })
}

describe('a rule that names no stores and no number', () => {
  test('asks for a copy in every store that takes data', () => {
    const { targets, rules, goodCopies, replaces } = plan({ a: 'good' })
    assert.deepEqual({ targets, goodCopies, replaces }, { targets: ['b', 'c'], goodCopies: 1, replaces: [] })
    assert.deepEqual(rules, [{ rule: 'all', state: 'pending', reason: null }])
  })

  test('is satisfied when all have one', () => {
    const { targets, rules } = plan({ a: 'good', b: 'good', c: 'good' })
    assert.deepEqual({ targets, state: rules[0]?.state }, { targets: [], state: 'satisfied' })
  })

  test('does not mean stores that take no data', () => {
    const readOnly = [...stores('a'), { id: 'web', isWritable: false, isAvailable: true }]
    assert.equal(plan({ a: 'good' }, { stores: readOnly }).rules[0]?.state, 'satisfied')
    assert.deepEqual(plan({ web: 'good' }, { stores: readOnly }).targets, ['a'])
  })
})

describe('a rule that names stores', () => {
  test('asks for copies there and nowhere else', () => {
    const { targets } = plan({ a: 'good' }, { rules: [rule({ stores: ['c'] })] })
    assert.deepEqual(targets, ['c'])
  })

  test('fails for a store that is not there and for one that takes no data, and fills the others', () => {
    const state = [...stores('a', 'b'), { id: 'web', isWritable: false, isAvailable: true }]
    const { targets, rules } = plan({ a: 'good' }, { rules: [rule({ stores: ['b', 'web', 'z'] })], stores: state })
    assert.deepEqual(targets, ['b'])
    assert.deepEqual(rules, [{ rule: 'all', state: 'failing', reason: 'store web takes no data; there is no store z' }])
  })
})

describe('a store that does not answer', () => {
  const away = [...stores('a', 'b'), { id: 'c', isWritable: true, isAvailable: false }]

  test('gets no copy, and the rule says why', () => {
    const { targets, rules } = plan({ a: 'good' }, { stores: away })
    assert.deepEqual(targets, ['b'])
    assert.deepEqual(rules, [{ rule: 'all', state: 'failing', reason: 'store c does not answer' }])
  })

  test('keeps its copy: no other store gets one in its place', () => {
    const two = [rule({ copies: 2 })]
    assert.deepEqual(plan({ a: 'good', c: 'unknown' }, { rules: two, stores: away }).targets, [])
    assert.deepEqual(plan({ a: 'good', c: 'good' }, { rules: two, stores: away }).targets, [])
  })

  test('with the only copy leaves nothing to copy from', () => {
    const { targets, rules, goodCopies } = plan({ c: 'unknown' }, { stores: away })
    assert.deepEqual({ targets, goodCopies }, { targets: [], goodCopies: 0 })
    assert.deepEqual(rules, [{ rule: 'all', state: 'failing', reason: 'no copy can be read now' }])
  })
})

describe('a lost copy', () => {
  test('is replaced by a new one in its store', () => {
    const { targets, replaces, goodCopies } = plan({ a: 'good', b: 'missing', c: 'good' })
    assert.deepEqual({ targets, replaces, goodCopies }, { targets: ['b'], replaces: [2], goodCopies: 2 })
  })

  test('that no rule asks for is left alone', () => {
    const { targets, replaces } = plan({ a: 'good', b: 'missing' }, { rules: [rule({ stores: ['a'] })] })
    assert.deepEqual({ targets, replaces }, { targets: [], replaces: [] })
  })

  test('is made again in its own store where the rule leaves the choice', () => {
    for (const lost of ['a', 'b', 'c']) {
      const held = { a: 'good', b: 'good', c: 'good', [lost]: 'missing' } as const
      const { targets } = plan(
        { ...held, d: 'good' },
        { rules: [rule({ copies: 4 })], stores: stores('a', 'b', 'c', 'd', 'e') },
      )
      assert.deepEqual(targets, [lost])
    }
  })

  test('cannot be made again when it was the last one', () => {
    const { targets, replaces, rules } = plan({ a: 'missing' })
    assert.deepEqual({ targets, replaces }, { targets: [], replaces: [] })
    assert.deepEqual(rules, [{ rule: 'all', state: 'failing', reason: 'no good copy is left' }])
  })

  test('is not replaced when its store holds another copy of the image that is good', () => {
    const held: Copy[] = [
      { locationId: 1, storeId: 'a', state: 'missing' },
      { locationId: 2, storeId: 'a', state: 'good' },
    ]
    const { targets, replaces } = plan({}, { copies: held, stores: stores('a') })
    assert.deepEqual({ targets, replaces }, { targets: [], replaces: [] })
  })
})

test('damaged data and data that somebody is at work on is neither counted nor touched', () => {
  const { targets, replaces, rules, goodCopies } = plan({ a: 'good', b: 'damaged', c: 'unsettled' })
  assert.deepEqual({ targets, replaces, goodCopies }, { targets: [], replaces: [], goodCopies: 1 })
  assert.deepEqual(rules, [
    { rule: 'all', state: 'failing', reason: 'the data in store b is damaged; store c is being filled' },
  ])
})

test('a location that no store of this service holds is no copy', () => {
  const held: Copy[] = [
    { locationId: 1, storeId: null, state: 'unknown' },
    { locationId: 2, storeId: 'a', state: 'good' },
  ]
  const { targets, goodCopies } = plan({}, { copies: held, rules: [rule({ copies: 2 })] })
  assert.deepEqual([targets.length, goodCopies], [1, 1])
})

describe('a rule that asks for a number of copies', () => {
  test('counts those that are there, and asks for the rest', () => {
    const two = { rules: [rule({ copies: 2 })] }
    assert.equal(plan({ a: 'good' }, two).targets.length, 1)
    assert.deepEqual(plan({ a: 'good', b: 'good' }, two).targets, [])
    assert.deepEqual(plan({ a: 'good', b: 'good', c: 'good' }, two).targets, [])
  })

  test('chooses among the stores that it names', () => {
    const { targets } = plan({ a: 'good' }, { rules: [rule({ stores: ['b', 'c'], copies: 1 })] })
    assert.equal(targets.length, 1)
    assert.ok(['b', 'c'].includes(targets[0] ?? ''))
    assert.deepEqual(plan({ a: 'good', c: 'good' }, { rules: [rule({ stores: ['b', 'c'], copies: 1 })] }).targets, [])
  })

  test('passes over stores that cannot take a copy', () => {
    const state = [...stores('a', 'b'), { id: 'c', isWritable: true, isAvailable: false }]
    const { targets, rules } = plan({ a: 'good' }, { rules: [rule({ copies: 2 })], stores: state })
    assert.deepEqual(targets, ['b'])
    assert.deepEqual(rules, [{ rule: 'all', state: 'pending', reason: null }])
  })

  test('fails when there are not enough stores', () => {
    const { targets, rules } = plan({ a: 'good' }, { rules: [rule({ copies: 4 })] })
    assert.deepEqual(targets, ['b', 'c'])
    assert.deepEqual(rules, [{ rule: 'all', state: 'failing', reason: 'there are 3 stores for 4 copies' }])
  })

  test('spreads the copies of many images over the stores', () => {
    const counts = new Map<string, number>()
    for (let i = 0; i < 300; i++) {
      const id = `5f2b1d3e-0000-4000-8000-${String(i).padStart(12, '0')}`
      const { targets } = plan(
        { a: 'good' },
        { imageId: id, rules: [rule({ copies: 2 })], stores: stores('a', 'b', 'c', 'd') },
      )
      for (const target of targets) counts.set(target, (counts.get(target) ?? 0) + 1)
    }
    for (const id of ['b', 'c', 'd']) assert.ok((counts.get(id) ?? 0) > 70, `${id} got ${counts.get(id)}`)
  })
})

test('copies that one rule asks for count for the others', () => {
  const rules = [rule({ name: 'two', copies: 2 }), rule({ name: 'there', stores: ['c'] })]
  const { targets, rules: outlooks } = plan({ a: 'good' }, { rules })
  assert.deepEqual(targets, ['c'])
  assert.deepEqual(
    outlooks.map(({ rule: name, state }) => [name, state]),
    [
      ['two', 'pending'],
      ['there', 'pending'],
    ],
  )
})

test('an image under no rule needs nothing', () => {
  assert.deepEqual(plan({ a: 'good' }, { rules: [] }), { rules: [], targets: [], replaces: [], goodCopies: 1 })
})
