import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Logger } from '../../ports/logger.ts'
import { Transfer } from './transfer.ts'

const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

test('leaves what a dead process left to the next finder when it cannot be removed', async () => {
  const released: string[] = []
  const store = {
    id: 'one',
    create: () => Promise.reject(new GlimpseError('blob_exists', { key: 'i' })),
    async *abandoned() {
      for (const key of ['other', 'i']) {
        yield {
          key,
          removeBlob: () => Promise.reject(new GlimpseError('store_unavailable', { store: 'one', reason: 'away' })),
          discard: async () => {},
          release: async () => void released.push(key),
        }
      }
    },
  } as unknown as BlobStore
  const requester = { userId: null, projectId: null, token: null }
  const transfer = new Transfer({
    key: 'i',
    stores: [store],
    allMustSucceed: true,
    requester,
    mayClear: async () => true,
    log,
  })
  await assert.rejects(transfer.open({ sizeBytes: 1, isFirst: true }), (error) => hasCode(error, 'store_unavailable'))
  assert.deepEqual(released, ['other', 'i'])
})
