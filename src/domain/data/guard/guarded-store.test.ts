import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { GlimpseError, hasCode } from '../../../errors/error.ts'
import type { BlobStore } from '../../../ports/blob-store.ts'
import { type GuardLimits, guardStore } from './guarded-store.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const limits: GuardLimits = {
  callMs: 100,
  deleteMs: 400,
  writeMs: 150,
  calls: 2,
  retries: 2,
  firstDelayMs: 1,
  breaker: { failures: 3, restMs: 30, longestRestMs: 60 },
}

const down = () => new GlimpseError('store_unavailable', { store: 's', reason: 'down' })
const isDown = (error: unknown) => hasCode(error, 'store_unavailable')
const forEver = () => new Promise<never>(() => undefined)

/** A store that does what the test says, behind the guard. */
function guarded(parts: Partial<BlobStore>, more: Partial<GuardLimits> = {}) {
  const events: string[] = []
  const store: BlobStore = {
    id: 's',
    schemes: ['s'],
    capabilities: { randomRead: true },
    open: async () => Readable.from([Buffer.from('data')], { objectMode: false }),
    size: async () => 4,
    close: async () => undefined,
    ...parts,
  }
  const guard = guardStore(store, {
    log: quiet,
    limits: { ...limits, ...more },
    observer: {
      operation: ({ operation, outcome }) => events.push(`${operation} ${outcome}`),
      bytes: ({ direction, count }) => events.push(`${direction} ${count}`),
      availability: ({ isAvailable }) => events.push(isAvailable ? 'up' : 'down'),
    },
  })
  return { guard, events }
}

describe('guardStore', () => {
  it('offers no more than the store does, and tells what was done', async () => {
    const { guard, events } = guarded({})
    assert.equal(guard.create, undefined)
    assert.equal(guard.delete, undefined)
    assert.equal(guard.openFile, undefined)
    assert.equal(await guard.size('s://a'), 4)
    assert.equal((await buffer(await guard.open('s://a', {}))).toString(), 'data')
    assert.deepEqual(events, ['size ok', 'open ok', 'read 4'])
  })

  it('repeats what failed for a moment, and nothing that was answered', async () => {
    let calls = 0
    const { guard, events } = guarded(
      {
        size: async () => {
          calls += 1
          if (calls < 3) throw down()
          return 7
        },
      },
      { breaker: { ...limits.breaker, failures: 10 } },
    )
    assert.equal(await guard.size('s://a'), 7)
    assert.deepEqual([calls, events], [3, ['size ok']])
    const missing = guarded({
      size: async () => {
        calls += 1
        throw new GlimpseError('blob_not_found', { store: 's' })
      },
    })
    await assert.rejects(missing.guard.size('s://a'), (error) => hasCode(error, 'blob_not_found'))
    assert.equal(calls, 4)
  })

  it('leaves repeating to a driver that does it itself', async () => {
    let calls = 0
    const { guard } = guarded({
      capabilities: { randomRead: true, retries: true },
      size: async () => {
        calls += 1
        throw down()
      },
    })
    await assert.rejects(guard.size('s://a'), isDown)
    assert.equal(calls, 1)
  })

  it('counts a deletion as done when the attempt before had done it', async () => {
    let calls = 0
    const { guard } = guarded({
      delete: async () => {
        calls += 1
        throw calls === 1 ? down() : new GlimpseError('blob_not_found', { store: 's' })
      },
    })
    await guard.delete?.('s://a')
    assert.equal(calls, 2)
  })

  it('does not repeat a call that hung, and gives a deletion more time', async () => {
    let calls = 0
    const { guard } = guarded({
      size: () => {
        calls += 1
        return forEver()
      },
      delete: () => new Promise((resolve) => setTimeout(resolve, 200)),
    })
    await assert.rejects(guard.size('s://a'), isDown)
    assert.equal(calls, 1)
    await guard.delete?.('s://a')
  })

  it('gives up calls that hang, keeps their slots, and closes what comes too late', async () => {
    const late = Promise.withResolvers<Readable>()
    const { guard } = guarded(
      { open: () => late.promise, size: forEver },
      { breaker: { ...limits.breaker, failures: 9 } },
    )
    await assert.rejects(guard.open('s://a', {}), isDown)
    await assert.rejects(guard.size('s://a'), isDown)
    // Both slots are taken by calls that have not ended.
    let wasCalled = false
    const third = guarded({})
      .guard.size('s://b')
      .then(() => {
        wasCalled = true
      })
    await third
    assert.ok(wasCalled, 'another store has slots of its own')
    await assert.rejects(guard.size('s://c'), isDown)
    const stream = new PassThrough()
    late.resolve(stream)
    await once(stream, 'close')
  })

  it('stops calling a store that keeps failing, and finds out when it is back', async () => {
    let isUp = false
    let calls = 0
    const { guard, events } = guarded({
      size: async () => {
        calls += 1
        if (!isUp) throw down()
        return 1
      },
    })
    await assert.rejects(guard.size('s://a'), isDown)
    assert.equal(guard.isAvailable(), false)
    const before = calls
    await assert.rejects(guard.size('s://a'), isDown)
    assert.equal(calls, before, 'nothing was tried')
    isUp = true
    const deadline = Date.now() + 5000
    while (!guard.isAvailable() && Date.now() < deadline) {
      await guard.size('s://a').catch(() => new Promise((resolve) => setTimeout(resolve, 5)))
    }
    assert.equal(guard.isAvailable(), true)
    assert.deepEqual(
      events.filter((event) => event === 'up' || event === 'down'),
      ['down', 'up'],
    )
  })

  it('does not blame a store of many servers for one of them', async () => {
    const { guard } = guarded({
      capabilities: { randomRead: true, manyServers: true },
      size: async () => {
        throw down()
      },
    })
    for (let i = 0; i < 5; i++) await assert.rejects(guard.size('s://a'), isDown)
    assert.equal(guard.isAvailable(), true)
  })

  it('fails a read whose store stalls, but lets a slow reader be', async () => {
    const source = new PassThrough()
    source.write('begin')
    const { guard } = guarded({ open: async () => source })
    const stream = await guard.open('s://a', {})
    assert.equal(String((await once(stream, 'data'))[0]), 'begin')
    stream.pause()
    source.write('x'.repeat(2 * stream.readableHighWaterMark))
    await new Promise((resolve) => setTimeout(resolve, 250))
    assert.equal(stream.destroyed, false)
    stream.resume()
    const [error] = (await once(stream, 'error')) as [Error]
    assert.ok(isDown(error))
    assert.ok(source.destroyed)
  })

  it('gives up writes, commits and aborts that hang', async () => {
    const hang = { write: forEver, commit: forEver, settle: async () => undefined, abort: forEver }
    const { guard } = guarded({ create: async () => hang }, { breaker: { ...limits.breaker, failures: 9 } })
    const writer = await guard.create?.('a', { sizeBytes: 3 })
    assert.ok(writer)
    await assert.rejects(writer.write(Buffer.from('abc')), isDown)
    await assert.rejects(writer.commit(), isDown)
    await assert.rejects(writer.abort(), isDown)
  })

  it('commits what was uploaded even while the store is given up', async () => {
    const { guard } = guarded({
      size: async () => {
        throw down()
      },
      create: async () => ({
        write: async () => undefined,
        commit: async () => ({ url: 's://a', sizeBytes: 3, metadata: {} }),
        settle: async () => undefined,
        abort: async () => undefined,
      }),
    })
    const writer = await guard.create?.('a', { sizeBytes: 3 })
    await writer?.write(Buffer.from('abc'))
    await assert.rejects(guard.size('s://a'), isDown)
    assert.equal((await writer?.commit())?.url, 's://a')
    assert.equal(guard.isAvailable(), true)
  })
})
