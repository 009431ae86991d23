import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore, ByteRange } from '../../ports/blob-store.ts'
import { openPlaces, type Place } from './open-places.ts'

const data = randomBytes(500_000)
const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }

/** A store whose reads break off after the given numbers of bytes, one read after the other; then it is down. */
function place(id: string, breaks: readonly number[], opened: string[] = []): Place {
  const left = [...breaks]
  const store: BlobStore = {
    id,
    schemes: ['x'],
    capabilities: { randomRead: true },
    open: async (_url, { range: { offset, length = data.length } = { offset: 0 } as ByteRange }) => {
      opened.push(`${id} ${offset}+${length}`)
      const until = left.shift()
      if (until === undefined) throw new GlimpseError('store_unavailable', { store: id, reason: 'down' })
      const piece = data.subarray(offset, offset + length)
      return Readable.from(
        (async function* () {
          for (let at = 0; at < Math.min(until, piece.length); at += 1000) {
            yield piece.subarray(at, Math.min(at + 1000, until, piece.length))
          }
          if (until < piece.length) throw new GlimpseError('store_unavailable', { store: id, reason: 'broken' })
        })(),
        { objectMode: false },
      )
    },
    size: async () => data.length,
    close: async () => undefined,
  }
  return { store, location: { id: 1, url: 'x://y', metadata: {}, status: 'active' } }
}

const read = async (places: readonly Place[], range: ByteRange = { offset: 0, length: data.length }) => {
  const source = await openPlaces(places, { range, log })
  assert.ok('stream' in source)
  return buffer(source.stream)
}

describe('openPlaces', () => {
  it('goes on from another place where one broke off', async () => {
    const opened: string[] = []
    const places = [place('a', [123_456], opened), place('b', [1e9], opened)]
    assert.ok((await read(places)).equals(data))
    assert.deepEqual(opened, ['a 0+500000', 'a 123456+376544', 'b 123456+376544'])
  })

  it('goes on at the same place while that gives something each time', async () => {
    assert.ok((await read([place('a', [100_000, 50_000, 1000, 1e9])])).equals(data))
  })

  it('reads just the range, whatever breaks', async () => {
    const part = await read([place('a', [1000, 0]), place('b', [5000]), place('c', [1e9])], {
      offset: 7,
      length: 200_000,
    })
    assert.ok(part.equals(data.subarray(7, 200_007)))
  })

  it('fails when no place is left, with what the last one said', async () => {
    await assert.rejects(read([place('a', [1000, 0]), place('b', [0])]), (error) => hasCode(error, 'store_unavailable'))
  })

  it('does not call data missing while a store that may have it is down', async () => {
    const missing = place('a', [])
    const lacking: Place = {
      ...missing,
      store: {
        ...(missing.store as BlobStore),
        open: () => Promise.reject(new GlimpseError('blob_not_found', { store: 'a' })),
      },
    }
    for (const places of [
      [lacking, place('b', [])],
      [place('b', []), lacking],
    ]) {
      await assert.rejects(read(places), (error) => hasCode(error, 'store_unavailable'))
    }
    await assert.rejects(read([lacking]), (error) => hasCode(error, 'blob_not_found'))
  })

  it('stops at the source when the reader goes away', async () => {
    const source = await openPlaces([place('a', [1e9])], { range: { offset: 0, length: data.length }, log })
    assert.ok('stream' in source)
    for await (const _ of source.stream) break
    assert.ok(source.stream.destroyed)
  })
})
