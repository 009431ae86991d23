import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { hasCode } from '../../errors/error.ts'
import { requestedRange } from './byte-range.ts'

const range = (text: string, size = 1425) => {
  const { offset, length, partial } = requestedRange({ range: text, contentRange: undefined }, size)
  assert.ok(partial)
  return [offset, length]
}
const contentRange = (text: string, size = 1425) => {
  const { offset, length } = requestedRange({ range: undefined, contentRange: text }, size)
  return [offset, length]
}
const refused = (act: () => unknown, code: 'bad_request' | 'range_not_satisfiable') =>
  assert.throws(act, (error) => hasCode(error, code))

describe('requestedRange', () => {
  it('asks for everything without a header', () => {
    const none = { range: undefined, contentRange: undefined }
    assert.deepEqual(requestedRange(none, 10), { offset: 0, length: 10, partial: false })
  })

  it('reads Range as the reference does', () => {
    assert.deepEqual(range('bytes=0-4'), [0, 5])
    assert.deepEqual(range('bytes=5-'), [5, 1420])
    assert.deepEqual(range('bytes=-5'), [1420, 5])
    assert.deepEqual(range('bytes=-99999'), [0, 1425])
    assert.deepEqual(range('bytes=-0'), [0, 1425])
    assert.deepEqual(range('bytes=0-99999'), [0, 1425])
    assert.deepEqual(range('BYTES = 1 - 2'), [1, 2])
  })

  it('refuses what cannot be read or satisfied', () => {
    for (const text of ['abc', 'bytes=abc', 'bytes=-', 'bytes=5-2', 'bytes=1425-', 'bytes=2000000-']) {
      refused(() => range(text), 'range_not_satisfiable')
    }
    refused(() => range('bytes=0-', 0), 'range_not_satisfiable')
    refused(() => range('bytes=1-2,4-5'), 'bad_request')
  })

  it('reads Content-Range in requests', () => {
    assert.deepEqual(contentRange('bytes 0-4/*'), [0, 5])
    assert.deepEqual(contentRange('bytes 0-4/1000'), [0, 5])
    for (const text of ['x', 'bytes 0-9999999/*', 'bytes 99999-100000/*', 'bytes 5-4/*', 'bytes 0-4/3', 'bytes */5']) {
      refused(() => contentRange(text), 'range_not_satisfiable')
    }
  })

  it('never leaves the image', () => {
    const part = fc.oneof(fc.constant(''), fc.nat(3000).map(String))
    fc.assert(
      fc.property(part, part, fc.integer({ min: 0, max: 2000 }), (first, last, size) => {
        try {
          const [offset = -1, length = -1] = range(`bytes=${first}-${last}`, size)
          assert.ok(offset >= 0 && length > 0 && offset + length <= size)
        } catch (error) {
          if (!hasCode(error, 'range_not_satisfiable')) throw error
        }
      }),
    )
  })
})
