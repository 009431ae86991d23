import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '../../../errors/error.ts'
import { isLocationKey, LocationCipher } from './location-cipher.ts'

const key = '0123456789abcdef'
const url = 'swift+https://user:kéy@host/box/id'
/** As `glance/common/crypt.py` wrote it. */
const written = 'WuWwgl5-OEb1_XDsFlRonGUGvpkejDCnLDGrOv-1V50b1DKbhHzqnvQ-U2i8pLzeb2-Z7sI8K3mK2eel-pFiYA=='

test('reads what the reference wrote', () => {
  assert.equal(new LocationCipher(key).decrypt(written), url)
  const longer = new LocationCipher(key + key)
  assert.equal(longer.decrypt('8qxlYJooNIPpb99uQ6RS3hLzibtH5BI3ww2A8JGTPA0='), 'file:///0123456')
})

test('reads back what it wrote, for all lengths of keys and of the last block, never the same twice', () => {
  for (const length of [16, 24, 32]) {
    const cipher = new LocationCipher('k'.repeat(length))
    for (let size = 0; size <= 33; size += 1) {
      const text = `rbd://${'x'.repeat(size)}`
      const stored = cipher.encrypt(text)
      assert.match(stored, /^[\w-]+={0,2}$/)
      assert.equal(stored.length % 4, 0)
      assert.equal(cipher.decrypt(stored), text)
      assert.notEqual(cipher.encrypt(text), stored)
    }
  }
})

test('leaves a URL alone that was written without a key', () => {
  assert.equal(new LocationCipher(key).decrypt('file:///images/id'), 'file:///images/id')
})

test('says that the key is another one, and nothing of what was stored', () => {
  const other = new LocationCipher('fedcba9876543210')
  let refused = 0
  for (let i = 0; i < 20; i += 1) {
    try {
      assert.notEqual(other.decrypt(new LocationCipher(key).encrypt(url)), url)
    } catch (error) {
      assert.ok(hasCode(error, 'location_unreadable'))
      refused += 1
    }
  }
  assert.ok(refused > 10)
  for (const stored of ['', 'abc', 'AAAA']) assert.throws(() => other.decrypt(stored), { code: 'location_unreadable' })
})

test('keys have 16, 24 or 32 bytes', () => {
  assert.deepEqual(['', 'a', key, `${key}é`, key + key].map(isLocationKey), [false, false, true, false, true])
})
