import { before, describe, type TestContext } from 'node:test'
import type { SwiftStoreConfig } from '../../src/drivers/stores/swift/options.ts'
import { openSwiftStore } from '../../src/drivers/stores/swift/swift-store.ts'
import type { Requester } from '../../src/ports/blob-store.ts'
import type { TestUser } from '../support/keystone.ts'
import {
  newContainerName,
  type SwiftPeer,
  SwiftView,
  serviceView,
  swiftPeer,
  swiftStoreConfig,
} from '../support/swift.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { describeBlobStore } from './blob-store.ts'
import type { WritableStore } from './store-fixture.ts'

/** The smallest segments that the options know. */
const partBytes = 1_024_000
const smallSegments = { swift_store_large_object_size: 1, swift_store_large_object_chunk_size: 1 }

let peer: SwiftPeer
let view: SwiftView
before(async () => {
  peer = await swiftPeer()
  view = await serviceView(peer)
})

describe('in the account of the service', () => {
  async function open(t: TestContext, options: Partial<SwiftStoreConfig> = {}) {
    const container = newContainerName()
    const config = swiftStoreConfig(peer, { ...smallSegments, swift_store_container: container, ...options })
    const store = await openSwiftStore('swift', { config, authAddress: null })
    t.after(() => store.close())
    return { store, countThings: () => countThings(view, container) }
  }

  describeBlobStore('swift', {
    partBytes,
    clears: true,
    open,
    openDenied: async (t) => (await open(t, { swift_store_key: 'wrong' })).store,
    openBehindProxy: async (t) => {
      const { proxy, endpoint } = await proxyTo(t, view)
      return { ...(await open(t, { swift_store_endpoint: endpoint })), proxy }
    },
  })
})

describe('in the accounts of projects', () => {
  let user: TestUser
  let userView: SwiftView
  let token: string
  before(async () => {
    user = await peer.keystone.createUser({ roles: ['member'] })
    token = await user.token()
    userView = new SwiftView(peer, { projectId: user.projectId, token })
  })

  async function open(t: TestContext, options: Partial<SwiftStoreConfig> = {}, userToken = token) {
    const container = newContainerName()
    const config = swiftStoreConfig(peer, {
      ...smallSegments,
      swift_store_container: container,
      swift_store_multi_tenant: true,
      swift_store_use_trusts: false,
      ...options,
    })
    const store = await openSwiftStore('swift', { config, authAddress: peer.keystone.authUrl })
    t.after(() => store.close())
    const requester = { userId: user.userId, projectId: user.projectId, token: userToken }
    return { store: onBehalfOf(store, requester), countThings: () => countThings(userView, container) }
  }

  describeBlobStore('swift', {
    partBytes,
    lists: false,
    clears: true,
    open,
    openDenied: async (t) => (await open(t, { swift_store_user: null, swift_store_key: null }, 'wrong')).store,
  })
})

/** The store with every call made for that user. */
function onBehalfOf(store: WritableStore, requester: Requester): WritableStore {
  return {
    id: store.id,
    schemes: store.schemes,
    capabilities: store.capabilities,
    create: (key, options) => store.create(key, { ...options, requester }),
    open: (url, options) => store.open(url, { ...options, requester }),
    size: (url, options) => store.size(url, { ...options, requester }),
    delete: (url, options) => store.delete(url, { ...options, requester }),
    clear: async (key, options) => store.clear?.(key, { ...options, requester }),
    close: () => store.close(),
  }
}

/** Objects that are not segments of a manifest that is there, which is one thing with them. */
async function countThings(account: SwiftView, prefix: string): Promise<number> {
  const names = await account.things(prefix)
  const manifests = names.filter((name) => !/_[0-9a-f]{8}-\d{5}$/.test(name))
  return names.filter((name) => !manifests.some((manifest) => name.startsWith(`${manifest}_`))).length
}

async function proxyTo(t: TestContext, account: SwiftView) {
  const proxy = await startTcpProxy(peer)
  t.after(() => proxy[Symbol.asyncDispose]())
  return { proxy, endpoint: account.url.replace(`:${peer.port}/`, `:${proxy.port}/`) }
}
