import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { hasCode } from '../../errors/error.ts'
import { announcedDigests } from './announced-digests.ts'

const hash = (algorithm: string) => createHash(algorithm).update('data').digest()
const header = (name: string, algorithm: string) => `${name}=:${hash(algorithm).toString('base64')}:`
const [sha256, sha512] = [header('sha-256', 'sha256'), header('sha-512', 'sha512')]

test('reads the digests of both headers', () => {
  assert.deepEqual(announcedDigests({ headers: {} }), {})
  const hex = { sha256: hash('sha256').toString('hex'), sha512: hash('sha512').toString('hex') }
  for (const headers of [
    { 'content-digest': `${sha256}, ${sha512}` },
    { 'content-digest': sha256, 'repr-digest': `${sha512},${sha256};p=1` },
    { 'content-digest': `unheard-of=:AAAA:, ${sha256}`, 'repr-digest': sha512 },
  ]) {
    assert.deepEqual(announcedDigests({ headers }), hex)
  }
  for (const [name, algorithm] of [
    ['md5', 'md5'],
    ['sha', 'sha1'],
    ['sha3_256', 'sha3-256'],
    ['blake2b512', 'blake2b512'],
  ] as const) {
    const headers = { 'content-digest': header(name, algorithm) }
    assert.deepEqual(announcedDigests({ headers }), { [algorithm]: hash(algorithm).toString('hex') })
  }
})

test('refuses what cannot be read or computed', () => {
  for (const headers of [
    { 'content-digest': 'sha-256=abc' },
    { 'content-digest': 'sha-256=:AAAA:' },
    { 'content-digest': 'unheard-of=:AAAA:' },
    { 'content-digest': 'shake256=:AAAA:' },
    { 'content-digest': `${sha256},` },
    { 'content-digest': sha256, 'repr-digest': `sha-256=:${Buffer.alloc(32).toString('base64')}:` },
    { 'content-digest': ['md5', 'sha1', 'sha224', 'sha256', 'sha384'].map((name) => header(name, name)).join() },
  ]) {
    assert.throws(
      () => announcedDigests({ headers }),
      (error) => hasCode(error, 'bad_request'),
      JSON.stringify(headers),
    )
  }
})
