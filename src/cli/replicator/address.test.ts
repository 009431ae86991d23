import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parsePlace } from './address.ts'

for (const [text, endpoint] of [
  ['glance.example.com:9292', 'http://glance.example.com:9292'],
  ['192.0.2.1:80', 'http://192.0.2.1:80'],
  ['[fe80::a:b:c]:9876', 'http://[fe80::a:b:c]:9876'],
  ['https://cloud.example.com/image', 'https://cloud.example.com/image'],
] as const) {
  test(`takes ${text} for an address`, () => assert.deepEqual(parsePlace(text), { endpoint }))
}

test('takes a plain word for a cloud of clouds.yaml', () => assert.deepEqual(parsePlace('east-1'), { cloud: 'east-1' }))

for (const text of ['', 'host:', 'host:0', 'host:70000', '192.0.2.1', 'fe80::1:9292', '[nothing]:1', 'a b:1', 'x/y']) {
  test(`refuses "${text}"`, () => assert.throws(() => parsePlace(text), /names no image service/))
}

test('refuses a URL with a password, and does not repeat it', () => {
  assert.throws(
    () => parsePlace('http://user:secret@host/'),
    (error: Error) => !error.message.includes('secret'),
  )
})
