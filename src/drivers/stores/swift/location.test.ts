import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAccountLocation, formatReferenceLocation, parseSwiftLocation } from './location.ts'

const place = { container: 'glance', object: '71c675ab' }

test('a location with a reference is read as it is written', () => {
  const url = formatReferenceLocation('ref1', place)
  assert.equal(url, 'swift+config://ref1/glance/71c675ab')
  assert.deepEqual(parseSwiftLocation(url), { kind: 'reference', reference: 'ref1', ...place })
})

test('a location with a login is written as the reference does, and read back with all its signs', () => {
  const url = formatAccountLocation('http://127.0.0.1:5000/v3/', {
    ...place,
    login: { user: 'service:glance', key: "p@ss:w/o'rd%" },
  })
  assert.equal(url, 'swift+http://service%3Aglance:p%40ss%3Aw%2Fo%27rd%25@127.0.0.1:5000/v3/glance/71c675ab')
  assert.deepEqual(parseSwiftLocation(url), {
    kind: 'account',
    address: 'http://127.0.0.1:5000/v3',
    login: { user: 'service:glance', key: "p@ss:w/o'rd%" },
    ...place,
  })
})

test('user names with a plain colon and both spellings of https are read', () => {
  for (const scheme of ['swift', 'swift+https']) {
    assert.deepEqual(parseSwiftLocation(`${scheme}://account:user:pass@auth.example.com/v3/glance/71c675ab`), {
      kind: 'account',
      address: 'https://auth.example.com/v3',
      login: { user: 'account:user', key: 'pass' },
      ...place,
    })
  }
})

test("a location in a project's account has no login", () => {
  const url = formatAccountLocation('https://swift.example.com/v1/AUTH_abc', { container: 'glance_71', object: '71' })
  assert.equal(url, 'swift+https://swift.example.com/v1/AUTH_abc/glance_71/71')
  assert.deepEqual(parseSwiftLocation(url), {
    kind: 'account',
    address: 'https://swift.example.com/v1/AUTH_abc',
    login: undefined,
    container: 'glance_71',
    object: '71',
  })
})

for (const url of [
  'swift+config://ref1/glance',
  'swift+config://ref1/more/glance/object',
  'swift+https://user:key@http://auth.example.com/v3/glance/object',
  'swift+https://nocolon@auth.example.com/glance/object',
  'swift+https:///glance/object',
  'swift+https://host/glance/',
  'swift+ftp://host/glance/object',
  'http://host/glance/object',
]) {
  test(`${url} is no location of Swift`, () => {
    assert.equal(parseSwiftLocation(url), undefined)
  })
}
