import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '../../errors/error.ts'
import type { BlobStore, StoreCallOptions } from '../../ports/blob-store.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, NewImageLocation } from '../../ports/image.ts'
import { StoreSet } from '../data/store-set.ts'
import { ExternalLocations } from '../locations/external-location.ts'
import type { ImageDraft } from './draft.ts'
import { LocationChanges } from './locations.ts'

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const requester = { userId: 'u', projectId: 'p', token: 't' }
const context = { ...requester, isAdmin: false, roles: ['member'], serviceRoles: [] } as unknown as RequestContext

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
    image: { id: 'i' },
    status: 'active',
    locations: [],
    field: () => 4,
    addLocation: (location: NewImageLocation) => void added.push(location),
  } as unknown as ImageDraft
  const value = { url: 's://a', metadata: {} }
  await changes.add(draft, { position: '-', value, context })
  await changes.replace(draft, { value: [value], context })
  assert.equal(added.length, 2)
  const location = { id: 1, status: 'active', ...value }
  await changes.removeData(requester, { image: { id: 'i' } as Image, locations: [location as never] })
  assert.deepEqual(calls, [
    ['size', context],
    ['size', context],
    ['delete', requester],
  ])
})

test('only administrators and services may add data that the store does not admit for the image', async () => {
  const asked: string[] = []
  const store = {
    id: 's',
    schemes: ['s'],
    capabilities: { randomRead: true },
    size: async (url: string) => asked.push(url) && 4,
    admits: (url: string, { imageId }: { imageId: string }) => url === `s://${imageId}`,
  } as unknown as BlobStore
  const entry = { store, type: 's', properties: {}, description: null, weight: 0, reserved: false }
  const stores = new StoreSet([entry], { defaultId: 's', multiple: false })
  const external = new ExternalLocations(stores, { webFilter: {} as never, capBytes: 100 })
  const size = (url: string, more: Partial<RequestContext>) =>
    external.sizeOf({ url, metadata: {}, status: 'active' }, { imageId: 'i', context: { ...context, ...more } })
  await assert.rejects(size('s://other', {}), (error) => hasCode(error, 'bad_request'))
  assert.deepEqual(asked, [])
  assert.equal(await size('s://i', {}), 4)
  for (const more of [{ isAdmin: true }, { roles: ['service'] }, { serviceRoles: ['service'] }]) {
    assert.equal(await size('s://other', more), 4)
  }
})
