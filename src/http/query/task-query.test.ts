import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTaskQuery } from './task-query.ts'

const limits = { default: 25, maximum: 1000 }
const everything = {
  filters: { texts: {}, times: {} },
  limit: 25,
  sortKey: 'created_at',
  direction: 'desc',
}

test('asks for all tasks, newest first, unless told otherwise', () => {
  assert.deepEqual(readTaskQuery([], limits), everything)
})

test('takes the first of repeated controls and bounds the limit', () => {
  const query = readTaskQuery(
    [
      ['limit', '5000'],
      ['limit', '1'],
      ['sort_key', 'id'],
      ['sort_key', 'status'],
    ],
    limits,
  )
  assert.deepEqual(query, { ...everything, limit: 1000, sortKey: 'id' })
})

test('takes markers in every form of a UUID', () => {
  const id = '0123abcd-0123-4567-89AB-0123456789ab'
  for (const marker of [id, id.replaceAll('-', ''), `{${id}}`, `urn:uuid:${id}`]) {
    assert.equal(readTaskQuery([['marker', marker]], limits).marker, marker)
  }
})

test('asks for nothing where no task can fulfil the conditions', () => {
  const nothing = { texts: { id: '' }, times: {} }
  for (const pairs of [
    [
      ['owner', 'a'],
      ['owner', 'b'],
    ],
    [['deleted_at', '2020-01-01']],
    [['created_at', 'never']],
  ] as const) {
    assert.deepEqual(readTaskQuery(pairs, limits).filters, nothing)
  }
})
