import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from './pace.ts'

const { signal } = new AbortController()

test('holds work to the rate, with a short burst', async () => {
  const pace = new Pace({ itemsPerSecond: 100, bytesPerSecond: 0 })
  const startedAt = performance.now()
  for (let i = 0; i < 50; i += 1) await pace.take({ items: 1, bytes: 2 ** 40 }, signal)
  const tookMs = performance.now() - startedAt
  assert.ok(tookMs >= 350, `${tookMs} ms for what takes 500 less a burst of 100`)
})

test('ends a wait when the work is to stop', async () => {
  const pace = new Pace({ itemsPerSecond: 0, bytesPerSecond: 1 })
  const stopping = new AbortController()
  await pace.take({ bytes: 3600 }, stopping.signal)
  const waiting = pace.take({ bytes: 1 }, stopping.signal)
  stopping.abort(new Error('enough'))
  await assert.rejects(waiting, /enough/)
})
