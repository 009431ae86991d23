import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIsoTime } from './iso-time.ts'
import { formatQueryString, parseQueryString } from './query-string.ts'

test('keeps repeated names, empty values and percent signs that escape nothing', () => {
  assert.deepEqual(parseQueryString('a=1&a=2&b&c=&d=%zz%41+x&&e=a=b'), [
    ['a', '1'],
    ['a', '2'],
    ['b', ''],
    ['c', ''],
    ['d', '%zzA x'],
    ['e', 'a=b'],
  ])
})

test('reads back whatever it formats', () => {
  const pairs = fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })))
  fc.assert(fc.property(pairs, (given) => assert.deepEqual(parseQueryString(formatQueryString(given)), given)))
})

test("escapes as Python's urlencode does", () => {
  assert.equal(formatQueryString([['a b', "in:(x)*!'~é"]]), 'a+b=in%3A%28x%29%2A%21%27~%C3%A9')
})

for (const [text, expected] of [
  ['2020-01-02', '2020-01-02T00:00:00.000Z'],
  ['20200102T030405Z', '2020-01-02T03:04:05.000Z'],
  ['2020-01-02 03:04:05', '2020-01-02T03:04:05.000Z'],
  ['2020-01-02T03:04:05.25-01:30', '2020-01-02T04:34:05.250Z'],
  ['2020', '2020-01-01T00:00:00.000Z'],
  ['2020-02-30', undefined],
  ['2020-01-01T24:00:00Z', undefined],
  ['name:x', undefined],
  ['', undefined],
] as const) {
  test(`reads the time ${text || '(nothing)'} as ${expected}`, () => {
    assert.equal(parseIsoTime(text)?.toISOString(), expected)
  })
}
