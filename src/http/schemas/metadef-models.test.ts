import assert from 'node:assert/strict'
import { test } from 'node:test'
import { models, orderedProperty } from './metadef-models.ts'

const text = { title: 'T', type: 'string' }
const read = (property: object) => models.property(property, 'property') as Record<string, unknown>

test('puts the attributes of a property into the order of answers', () => {
  const given = { maxItems: 2, enum: ['a'], ...text, name: 'n', operators: ['<in>'] }
  assert.deepEqual(Object.keys(read(given)), ['name', 'type', 'title', 'operators', 'enum', 'maxItems'])
})

for (const [given, kept] of [
  [5, '5'],
  [1.5, '1.5'],
  [true, 'True'],
  [false, 'False'],
  ['x', 'x'],
  [null, null],
  [['x'], null],
  [{ a: 1 }, null],
] as const) {
  test(`keeps the default ${JSON.stringify(given)} as ${JSON.stringify(kept)}`, () => {
    assert.equal(read({ ...text, default: given }).default, kept)
  })
}

test('drops the fraction of numbers, towards zero', () => {
  const { minimum, maximum } = read({ ...text, minimum: -1.9, maximum: 2.9 })
  assert.deepEqual([minimum, maximum], [-1, 2])
})

test('reads the words for yes and no', () => {
  assert.equal(read({ ...text, confidential: 'on' }).confidential, true)
  assert.equal(read({ ...text, confidential: 0 }).confidential, false)
})

for (const [what, property] of [
  ['an unknown attribute', { ...text, nothing: 1 }],
  ['a missing title', { type: 'string' }],
  ['values of an enumeration that are no texts', { ...text, enum: [1] }],
  ['items without a type', { ...text, items: {} }],
  ['items with more than type and enum', { ...text, items: { type: 'string', more: 1 } }],
  ['a default beyond ASCII', { ...text, default: 'ü' }],
  ['an unclear boolean', { ...text, confidential: 'perhaps' }],
] as const) {
  test(`refuses a property with ${what}`, () => {
    assert.throws(() => read(property), { code: 'bad_request' })
  })
}

test('keeps a property whose name means something to JavaScript', () => {
  const given = JSON.parse('{"name": "o", "properties": {"__proto__": {"title": "T", "type": "string"}}}') as object
  const object = models.object(given, 'object') as { properties: object }
  assert.deepEqual(Object.keys(object.properties), ['__proto__'])
})

test('shows what only a file could bring after what the API knows', () => {
  assert.deepEqual(Object.keys(orderedProperty({ extra: 1, title: 'T', type: 'string' })), ['type', 'title', 'extra'])
})
