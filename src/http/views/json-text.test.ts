import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { quote, timestamp } from './json-text.ts'

test('quotes any text as JSON does', () => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('"', '\\', '\u007f', '\n', ''))
  fc.assert(fc.property(texts, (text) => assert.equal(JSON.parse(quote(text)), text)))
  assert.equal(quote(null), 'null')
})

test('writes times as ISO 8601 does, without fractions', () => {
  const dates = fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true })
  fc.assert(fc.property(dates, (date) => assert.equal(timestamp(date), `${date.toISOString().slice(0, 19)}Z`)))
})
