import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageSchema } from '../schemas/image.ts'
import { type PatchDialect, parsePatch } from './parse-patch.ts'

const schema = new ImageSchema({
  containerFormats: ['bare'],
  diskFormats: ['raw'],
  allowAdditionalProperties: true,
  customProperties: { kernel_id: { type: ['null', 'string'], pattern: '^[0-9a-f]+$' } },
})
const parse = (body: unknown, dialect: PatchDialect = 'v2.1') => parsePatch(body, { dialect, schema })

test('reads the operations of the newer dialect', () => {
  assert.deepEqual(
    parse([
      { op: 'add', path: '/a~1b~0c', value: '1' },
      { op: 'replace', path: '/name', value: null },
      { op: 'remove', path: '/x' },
      { op: 'add', path: '/locations/-', value: { url: 'http://a/', metadata: {} } },
    ]),
    [
      { op: 'add', path: ['a/b~c'], value: '1', strict: false },
      { op: 'replace', path: ['name'], value: null, strict: false },
      { op: 'remove', path: ['x'] },
      { op: 'add', path: ['locations', '-'], value: { url: 'http://a/', metadata: {} }, strict: false },
    ],
  )
})

test('reads the operations of the older dialect, whose add is strict', () => {
  assert.deepEqual(parse([{ add: '/a', value: '1' }, { remove: '/b' }], 'v2.0'), [
    { op: 'add', path: ['a'], value: '1', strict: true },
    { op: 'remove', path: ['b'] },
  ])
})

const add = (path: unknown, value: unknown = '1') => [{ op: 'add', path, value }]

for (const [what, body, status] of [
  ['a body that is no array', {}, 400],
  ['an operation that is no object', [[]], 400],
  ['no operation', [{ path: '/a' }], 400],
  ['an unknown operation', [{ op: 'move', path: '/a' }], 400],
  ['no path', [{ op: 'remove' }], 400],
  ['no value', [{ op: 'add', path: '/a' }], 400],
  ['a path without a slash', add('a'), 400],
  ['a path that is a number', add(5), 400],
  ['a path with two slashes', add('/a//b'), 400],
  ['a path that ends in a slash', add('/a/'), 400],
  ['a path with a wrong escape', add('/a~2'), 400],
  ['a path that is too deep', add('/a/b'), 400],
  ['locations without a position', add('/locations', []), 400],
  ['a number in a property', add('/a', 1), 400],
  ['null in a property', add('/a', null), 400],
  ['a value outside the schema', add('/kernel_id', 'zz'), 400],
  ['a format that is not configured', add('/disk_format', 'vdi'), 400],
  ['a name that is too long', add('/name', 'a'.repeat(256)), 400],
  ['the id', add('/id'), 403],
  ['the status', add('/status', 'active'), 403],
  ['the stores', add('/stores'), 403],
  ['a hash', [{ op: 'remove', path: '/os_hash_value' }], 403],
  ['a property of the service', add('/os_glance_x'), 403],
  ['deleted', [{ op: 'remove', path: '/deleted' }], 403],
] as const) {
  test(`refuses ${what} with ${status}`, () => {
    assert.throws(() => parse(body), { name: 'GlimpseError', status })
  })
}

test('refuses two operations in one object of the older dialect', () => {
  assert.throws(() => parse([{ add: '/a', remove: '/b', value: '1' }], 'v2.0'), { status: 400 })
})

test('keeps a property named __proto__ a property', () => {
  const [operation] = parse(JSON.parse('[{"op":"add","path":"/__proto__","value":"x"}]'))
  assert.deepEqual(operation, { op: 'add', path: ['__proto__'], value: 'x', strict: false })
})
