import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '../../errors/error.ts'
import { readRule, writtenRule } from './read-rule.ts'

test('reads every condition, and writes the rule as it was read', () => {
  const written = {
    visibility: ['public'],
    owner: ['p1'],
    properties: { tier: 'gold' },
    min_size: 1,
    max_size: 2,
    min_age: 3,
    max_age: 4,
    stores: ['a', 'b'],
    copies: 1,
  }
  const rule = readRule('golden', written)
  assert.deepEqual(rule, {
    name: 'golden',
    match: {
      visibility: ['public'],
      owners: ['p1'],
      properties: { tier: 'gold' },
      minSizeBytes: 1,
      maxSizeBytes: 2,
      minAgeSeconds: 3,
      maxAgeSeconds: 4,
    },
    stores: ['a', 'b'],
    copies: 1,
  })
  assert.deepEqual(writtenRule(rule), written)
})

test('takes what is empty, null or absent for no condition', () => {
  const nothing = { name: 'all', match: {}, stores: [], copies: null }
  assert.deepEqual(readRule('all', {}), nothing)
  assert.deepEqual(
    readRule('all', { visibility: [], owner: null, properties: {}, min_size: null, stores: [] }),
    nothing,
  )
})

test('refuses what cannot be meant', () => {
  const refusals: readonly (readonly [string, Readonly<Record<string, unknown>>, RegExp])[] = [
    ['Upper', {}, /name of a rule/],
    ['a/b', {}, /name of a rule/],
    ['r', { visibilty: ['public'] }, /has no visibilty/],
    ['r', { visibility: ['secret'] }, /visibility knows public/],
    ['r', { owner: 'p1' }, /owner is a list/],
    ['r', { properties: { a: 1 } }, /properties is an object/],
    ['r', { min_size: -1 }, /min_size is a whole number/],
    ['r', { min_size: 2, max_size: 1 }, /larger than max_size/],
    ['r', { min_age: 2, max_age: 1 }, /larger than max_age/],
    ['r', { copies: 0 }, /copies is a whole number above 0/],
    ['r', { stores: ['a', 'a'], copies: 2 }, /2 copies cannot be kept in 1 stores/],
  ]
  for (const [name, written, reason] of refusals) {
    assert.throws(
      () => readRule(name, written),
      (error: Error) => hasCode(error, 'bad_request') && reason.test(error.message),
    )
  }
})
