import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { idPrefixes, idSlices } from './id-slices.ts'

test('few ids are one slice, more of them are cut along their first digits', () => {
  assert.deepEqual(idSlices(500, { perSlice: 500 }), [{ from: '', to: null }])
  assert.deepEqual(
    [501, 8000, 8001, 128_000, 10_000_000].map((count) => idPrefixes(count, { perSlice: 500 }).length),
    [16, 16, 256, 256, 4096],
  )
})

test('every text is in exactly one slice', () => {
  const slices = idSlices(100_000, { perSlice: 500 })
  for (const id of ['', 'zz', '0', 'odd', ...Array.from({ length: 100 }, () => randomUUID())]) {
    assert.equal(slices.filter(({ from, to }) => id >= from && (to === null || id < to)).length, 1, id)
  }
})
