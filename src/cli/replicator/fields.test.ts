import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Image } from '../image/client.ts'
import { dataDifferences, parseDump, settable, settableDifferences } from './fields.ts'

const none: ReadonlySet<string> = new Set()
const image: Image = {
  id: 'i',
  name: 'n',
  status: 'active',
  size: 3,
  tags: ['b', 'a'],
  checksum: 'c',
  os_hash_algo: 'sha512',
  os_hash_value: 'h',
  virtual_size: 3,
  created_at: '2016-01-01T00:00:00Z',
  os_glance_failed_import: '',
  kernel_id: null,
  stores: 'a',
  os_type: 'linux',
}

test('a copy gets what users can set, and nothing without a value', () => {
  assert.deepEqual(settable(image, new Set(['name'])), { id: 'i', tags: ['b', 'a'], os_type: 'linux' })
})

test('tags in another order are the same, and what only the target has is no difference', () => {
  assert.deepEqual(settableDifferences(image, { ...image, tags: ['a', 'b'], more: 'x', status: 'queued' }, none), [])
})

test('a property that is lacking or other is a difference', () => {
  const { os_type: _, ...lacking } = image
  assert.deepEqual(settableDifferences(image, lacking as Image, none), [
    { key: 'os_type', source: 'linux', target: undefined },
  ])
  assert.deepEqual(settableDifferences(image, { ...image, name: 'm' }, none), [
    { key: 'name', source: 'n', target: 'm' },
  ])
})

test('digests are compared if they are of one kind', () => {
  assert.deepEqual(dataDifferences(image, { ...image, os_hash_algo: 'sha256', os_hash_value: 'x' }, none), [])
  assert.deepEqual(dataDifferences(image, { ...image, os_hash_value: 'x' }, none), [
    { key: 'os_hash_value', source: 'h', target: 'x' },
  ])
  assert.deepEqual(dataDifferences(image, { ...image, checksum: null }, none), [])
})

test('a dump of the Image API v1 becomes an image', () => {
  const dumped = { id: 'i', name: 'n', status: 'active', size: 3, is_public: true, properties: { os_type: 'linux' } }
  assert.deepEqual(parseDump(JSON.stringify(dumped)), {
    ...{ id: 'i', name: 'n', status: 'active', size: 3 },
    ...{ visibility: 'public', os_type: 'linux' },
  })
  assert.throws(() => parseDump('[]'), /describes no image/)
})
