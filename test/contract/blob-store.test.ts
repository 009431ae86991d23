import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guardStore } from '../../src/domain/data/guard/guarded-store.ts'
import { openFileStore } from '../../src/drivers/stores/file/file-store.ts'
import { fileStoreDefaults } from '../support/file-store.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { describeBlobStore } from './blob-store.ts'

const quietLog = { debug() {}, info() {}, warn() {}, error() {}, child: () => quietLog }

describeBlobStore('memory', {
  open: async () => {
    const store = new MemoryStore()
    return { store, countThings: async () => store.blobs.size }
  },
})

describeBlobStore('memory behind the guard', {
  open: async () => {
    const store = new MemoryStore()
    const observer = { operation() {}, bytes() {}, availability() {} }
    const guarded = guardStore(store, { log: quietLog, observer })
    const { create, delete: remove } = guarded
    assert.ok(create && remove)
    return { store: { ...guarded, create, delete: remove }, countThings: async () => store.blobs.size }
  },
})

for (const thin of [false, true]) {
  describeBlobStore(thin ? 'file with holes' : 'file', {
    ...(thin ? { sparseBytes: 5 * 1024 ** 3 } : {}),
    clears: true,
    open: async (t) => {
      const directory = await mkdtemp(join(tmpdir(), 'glimpse-store-'))
      t.after(() => rm(directory, { recursive: true }))
      const store = await openFileStore('file', {
        ...fileStoreDefaults,
        filesystem_store_datadir: directory,
        filesystem_thin_provisioning: thin,
      })
      return { store, countThings: async () => (await readdir(directory)).length }
    },
  })
}
