import { before, describe, type TestContext } from 'node:test'
import type { S3StoreConfig } from '../../src/drivers/stores/s3/options.ts'
import { openS3Store } from '../../src/drivers/stores/s3/s3-store.ts'
import { newBucketName, type S3Peer, s3Peers, s3StoreConfig, viewBucket } from '../support/s3.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { describeBlobStore } from './blob-store.ts'

const mib = 1024 * 1024

/** Parts of the least size that S3 knows, whatever the size of the data. */
const smallParts = { s3_store_large_object_size: 0, s3_store_large_object_chunk_size: 5, s3_store_thread_pools: 3 }

for (const [name, find] of Object.entries(s3Peers)) {
  describe(`at ${name}`, () => {
    let peer: S3Peer
    before(async () => {
      peer = await find()
    })

    async function open(t: TestContext, options: Partial<S3StoreConfig>, through: S3Peer = peer) {
      const bucket = newBucketName()
      const view = viewBucket(peer, bucket)
      const store = await openS3Store('s3', s3StoreConfig(through, bucket, { ...smallParts, ...options }))
      t.after(async () => {
        await store.close()
        await view[Symbol.asyncDispose]()
      })
      return { store, countThings: async () => (await view.things()).length }
    }

    describeBlobStore('s3', {
      partBytes: 5 * mib,
      clears: true,
      open: (t) => open(t, {}),
      openDenied: async (t) => (await open(t, { s3_store_secret_key: 'wrong' })).store,
      openBehindProxy: async (t) => {
        const proxy = await startTcpProxy(peer)
        t.after(() => proxy[Symbol.asyncDispose]())
        return { ...(await open(t, {}, { ...peer, port: proxy.port })), proxy }
      },
    })
  })
}
