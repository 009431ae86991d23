import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BlobStore, StoreCallOptions } from '../../ports/blob-store.ts'
import type { Image, NewImageLocation } from '../../ports/image.ts'
import { StoreSet } from '../data/store-set.ts'
import { ExternalLocations } from '../locations/external-location.ts'
import type { ImageDraft } from './draft.ts'
import { LocationChanges } from './locations.ts'

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const requester = { userId: 'u', projectId: 'p', token: 't' }

test('a store handles the locations that a caller adds and removes on his behalf', async () => {
  const calls: [string, StoreCallOptions['requester']][] = []
  const store = {
    id: 's',
    schemes: ['s'],
    capabilities: { randomRead: true },
    size: async (_url: string, options?: StoreCallOptions) => {
      calls.push(['size', options?.requester])
      return 4
    },
    delete: async (_url: string, options?: StoreCallOptions) => {
      calls.push(['delete', options?.requester])
    },
  } as unknown as BlobStore
  const entry = { store, type: 's', properties: {}, description: null, weight: 0, reserved: false }
  const stores = new StoreSet([entry], { defaultId: 's', multiple: false })
  const changes = new LocationChanges({
    ...{ stores, log, enabled: true, delayed: false, hashingAlgorithm: 'sha512' },
    quotas: { members: -1, properties: -1, tags: -1, locations: -1 },
    external: new ExternalLocations(stores, { webFilter: { refusal: () => undefined } as never, capBytes: 100 }),
  })
  const added: NewImageLocation[] = []
  const draft = {
    status: 'active',
    locations: [],
    field: () => 4,
    addLocation: (location: NewImageLocation) => void added.push(location),
  } as unknown as ImageDraft
  const value = { url: 's://a', metadata: {} }
  await changes.add(draft, { position: '-', value, requester })
  await changes.replace(draft, { value: [value], requester })
  assert.equal(added.length, 2)
  const location = { id: 1, status: 'active', ...value }
  await changes.removeData(requester, { image: { id: 'i' } as Image, locations: [location as never] })
  assert.deepEqual(calls, [
    ['size', requester],
    ['size', requester],
    ['delete', requester],
  ])
})
