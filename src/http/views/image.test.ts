import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Image } from '../../ports/image.ts'
import { type ImageViewConfig, imageJson } from './image.ts'
import { imagesJson } from './images.ts'

const image: Image = {
  id: '11111111-2222-3333-4444-555555555555',
  name: 'a "name"',
  status: 'active',
  visibility: 'shared',
  diskFormat: 'raw',
  containerFormat: 'bare',
  sizeBytes: 2 ** 40,
  virtualSizeBytes: null,
  checksum: 'c',
  osHashAlgo: 'sha512',
  osHashValue: 'h',
  owner: 'o',
  minDiskGib: 1,
  minRamMib: 2,
  protected: false,
  osHidden: true,
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  updatedAt: new Date('2026-01-02T03:04:06Z'),
  deletedAt: null,
  deleted: false,
  properties: { 'owner_specified.x': '1', gone: null, kernel_id: null, os_glance_stage_host: 'secret' },
  tags: ['t'],
  locations: [
    { id: 1, url: 'file:///a', metadata: { store: 'one' }, status: 'active' },
    { id: 2, url: 'file:///b', metadata: { store: 'two', x: 1 }, status: 'active' },
  ],
}
const plain: ImageViewConfig = {
  showMultipleLocations: false,
  showDirectUrl: false,
  multiStore: false,
  shows: () => true,
  names: (property) => property === 'kernel_id',
}
const shown = {
  'owner_specified.x': '1',
  gone: '',
  kernel_id: null,
  name: 'a "name"',
  disk_format: 'raw',
  container_format: 'bare',
  visibility: 'shared',
  size: 2 ** 40,
  virtual_size: null,
  status: 'active',
  checksum: 'c',
  protected: false,
  min_ram: 2,
  min_disk: 1,
  owner: 'o',
  os_hidden: true,
  os_hash_algo: 'sha512',
  os_hash_value: 'h',
  id: image.id,
  created_at: '2026-01-02T03:04:05Z',
  updated_at: '2026-01-02T03:04:06Z',
  tags: ['t'],
  self: `/v2/images/${image.id}`,
  file: `/v2/images/${image.id}/file`,
  schema: '/v2/schemas/image',
}

test("shows an image with the reference's keys in its order, and without bookkeeping", () => {
  const json = JSON.parse(imageJson(image, plain)) as object
  assert.deepEqual(json, shown)
  assert.deepEqual(Object.keys(json), Object.keys(shown))
})

test('tells the stores of a multi-store set-up', () => {
  const json = JSON.parse(imageJson(image, { ...plain, multiStore: true }))
  assert.deepEqual(json, { ...shown, stores: 'one,two' })
})

test('shows locations and the direct URL only when told to', () => {
  const json = JSON.parse(imageJson(image, { ...plain, showMultipleLocations: true, showDirectUrl: true }))
  assert.deepEqual(json, {
    ...shown,
    direct_url: 'file:///a',
    locations: [
      { url: 'file:///a', metadata: { store: 'one' } },
      { url: 'file:///b', metadata: { store: 'two', x: 1 } },
    ],
  })
})

test('hides properties that a closed schema does not name', () => {
  const json = JSON.parse(imageJson(image, { ...plain, shows: (property) => property === 'kernel_id' }))
  assert.equal('gone' in json, false)
  assert.equal(json.kernel_id, null)
})

test('links a page to the first and the next one', () => {
  const page = { images: [image, image], nextMarker: 'm' }
  const json = JSON.parse(
    imagesJson(page, { view: plain, first: '/v2/images', next: (marker) => `/v2/images?${marker}` }),
  )
  assert.deepEqual(json, {
    images: [shown, shown],
    first: '/v2/images',
    schema: '/v2/schemas/images',
    next: '/v2/images?m',
  })
})
