import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { decode, encode } from './codec.ts'

const travelled = (value: unknown) => decode(encode(value))

describe('the codec of the registry', () => {
  it('gives back dates, bigints, bytes, maps, sets and undefined as they were', () => {
    const value = {
      at: new Date('2016-05-06T07:08:09.123Z'),
      never: new Date(Number.NaN),
      count: 2n ** 80n,
      bytes: Buffer.from([0, 255, 128]),
      byId: new Map<unknown, unknown>([[7, [{ at: new Date(0) }]]]),
      names: new Set(['a', undefined]),
      nothing: undefined,
      list: [undefined, null, '', -0, Number.NaN, Number.NEGATIVE_INFINITY],
    }
    assert.deepEqual(travelled(value), value)
    assert.equal(travelled(undefined), undefined)
  })

  it('gives back any object, whatever the names of its members', () => {
    const json = fc.object({
      key: fc.oneof(fc.string(), fc.constantFrom('$', 'v', '__proto__', 'constructor')),
      withDate: true,
      withBigInt: true,
    })
    fc.assert(fc.property(json, (value) => assert.deepEqual(travelled(value), value)))
  })

  it('sets no prototype, neither of a value nor of all objects', () => {
    const value = decode(
      '{"__proto__":{"admin":true},"v":{"$":"object","v":{"__proto__":{"admin":true},"$":1}}}',
    ) as object
    assert.equal(Object.getPrototypeOf(value), Object.prototype)
    assert.equal((value as { admin?: boolean }).admin, undefined)
    assert.equal(({} as { admin?: boolean }).admin, undefined)
  })

  it('refuses to send what would not arrive as it is', () => {
    for (const value of [() => 1, Symbol('x'), new (class Secret {})(), /x/]) {
      assert.throws(() => encode({ value }), TypeError)
    }
  })

  it('refuses a text of another kind', () => {
    for (const text of ['', '{', '{"$":"date2","v":1}', '{"$":"constructor","v":1}', '{"$":["date"],"v":1}']) {
      assert.throws(() => decode(text), SyntaxError)
    }
  })
})
