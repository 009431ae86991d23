import assert from 'node:assert/strict'
import { test } from 'node:test'
import { offeredMinors, versionRewriter } from './versions.ts'

const bare = { cacheEnabled: false, multiStore: false, publicEndpoint: null }

test('offers the versions that the configuration allows', () => {
  assert.deepEqual(offeredMinors(bare), [15, 9, 17, 7, 6, 5, 4, 3, 2, 1, 0])
  assert.deepEqual(offeredMinors({ ...bare, cacheEnabled: true }).slice(0, 5), [18, 17, 16, 15, 14])
  assert.deepEqual(offeredMinors({ ...bare, multiStore: true }), [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0])
})

const rewrite = versionRewriter(bare, '/healthcheck')

for (const [url, expected] of [
  ['/', '/'],
  ['/v2', '/v2'],
  ['/v2/images?a=b', '/v2/images?a=b'],
  ['/v2.3/images?a=b', '/v2/images?a=b'],
  ['//v2/images', '/v2/images'],
  ['/v2//images', '/v2/images'],
  ['/v2.8/images', '/'],
  ['/v2.17/images', '/v2/images'],
  ['/v2.18/images', '/'],
  ['/v1/images', '/'],
  ['/V2/images', '/'],
  ['/v2images', '/'],
  ['/versions', '/versions'],
  ['/versions/x?y', '/versions'],
  ['/healthcheck?x', '/healthcheck?x'],
] as const) {
  test(`leads ${url} to ${expected}`, () => assert.equal(rewrite(url, undefined), expected))
}

test('lets the media type name the version instead of the path', () => {
  assert.equal(rewrite('/images?x', 'application/vnd.openstack.images-v2.3'), '/v2/images?x')
  assert.equal(rewrite('/images', 'application/vnd.openstack.images-v3'), '/')
})
