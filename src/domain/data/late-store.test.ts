import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import { lateStore } from './late-store.ts'

const isUnavailable = (error: unknown) => hasCode(error, 'store_unavailable')
const traits = { id: 's', schemes: ['s'], isWritable: true }

/** Something that can be opened only when the test says so. */
function opener() {
  const state = { isUp: false, attempts: 0, closed: 0 }
  const store: BlobStore = {
    id: 's',
    schemes: ['s'],
    capabilities: { randomRead: true },
    open: async () => Readable.from([Buffer.from('data')], { objectMode: false }),
    size: async () => 4,
    close: async () => {
      state.closed += 1
    },
  }
  const open = async () => {
    state.attempts += 1
    if (!state.isUp) throw new GlimpseError('store_misconfigured', { store: 's', reason: 'no' })
    return store
  }
  return { state, open }
}

test('a store that could not be opened is opened when it is wanted, once', async () => {
  const { state, open } = opener()
  const late = lateStore(traits, { open, retryMs: 0 })
  await assert.rejects(late.size('s://a'), isUnavailable)
  assert.equal(late.isOpen(), false)
  state.isUp = true
  assert.deepEqual(await Promise.all([late.size('s://a'), late.size('s://b')]), [4, 4])
  assert.equal((await buffer(await late.open('s://a', {}))).toString(), 'data')
  assert.deepEqual([late.isOpen(), state.attempts], [true, 2])
  await assert.rejects(late.create?.('a', { sizeBytes: 1 }) ?? Promise.resolve(), (error) =>
    hasCode(error, 'store_read_only'),
  )
  await late.close()
  assert.equal(state.closed, 1)
})

test('it is not tried at every call, and takes no data where its type does not', async () => {
  const { state, open } = opener()
  const late = lateStore({ ...traits, isWritable: false }, { open, retryMs: 60_000 })
  await assert.rejects(late.size('s://a'), isUnavailable)
  assert.equal(state.attempts, 0)
  assert.equal(late.create, undefined)
  await late.close()
  assert.equal(state.closed, 0)
})

test('it judges what callers write as the store does that it stands for', async () => {
  const { state, open } = opener()
  state.isUp = true
  const plain = lateStore(traits, { open, retryMs: 0 })
  assert.equal(await plain.sizeAsWritten?.('s://a'), 4)
  const careful = lateStore(traits, {
    retryMs: 0,
    open: async () => ({
      ...(await open()),
      sizeAsWritten: async () => {
        throw new GlimpseError('blob_not_found', { store: 's' })
      },
    }),
  })
  await assert.rejects(
    async () => careful.sizeAsWritten?.('s://a'),
    (error) => hasCode(error, 'blob_not_found'),
  )
})
