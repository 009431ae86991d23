import assert from 'node:assert/strict'
import { after } from 'node:test'
import { openRbdStore } from '../../src/drivers/stores/rbd/rbd-store.ts'
import { makeCephPool, rbdConfig } from '../support/ceph.ts'
import { peers } from '../support/peers.ts'
import { describeBlobStore } from './blob-store.ts'

const { ceph } = await peers('ceph')
const pool = await makeCephPool(ceph)
after(() => pool[Symbol.asyncDispose]())

for (const thin of [false, true]) {
  const store = openRbdStore('rbd', rbdConfig(ceph, pool, { rbd_store_chunk_size: 1, rbd_thin_provisioning: thin }))
  after(() => store.close())
  describeBlobStore(thin ? 'rbd with holes' : 'rbd', {
    partBytes: 2 ** 20,
    ...(thin ? { sparseBytes: 5 * 1024 ** 3 } : {}),
    open: async (t) => {
      const before = await pool.images()
      t.after(async () => {
        assert.deepEqual(
          (await pool.metadata()).filter((key) => key.includes('glimpse')),
          [],
        )
      })
      return { store, countThings: async () => (await pool.images()).length - before.length }
    },
    openDenied: async (t) => {
      const denied = openRbdStore('rbd', rbdConfig(ceph, pool, { rbd_store_user: 'nobody' }))
      t.after(() => denied.close())
      return denied
    },
  })
}
