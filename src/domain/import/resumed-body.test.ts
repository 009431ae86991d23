import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import { resumedBody } from './resumed-body.ts'

const data = Buffer.from('0123456789')
const away = new GlimpseError('fetch_failed', { reason: 'away' })
const { signal } = new AbortController()

/** Gives some bytes and breaks off. */
function broken(from: number, to: number): Readable {
  return Readable.from(
    (async function* () {
      yield data.subarray(from, to)
      throw new Error('broken off')
    })(),
    { objectMode: false },
  )
}

const body = (first: Readable, openFrom: (offsetBytes: number) => Promise<Readable | undefined>, offsetBytes = 0) =>
  resumedBody(first, { offsetBytes, openFrom, signal, firstPauseMs: 1 })

describe('resumedBody', () => {
  it('goes on where the source broke off, as often as something comes', async () => {
    const offsets: number[] = []
    const stream = body(
      broken(2, 4),
      async (offset) => {
        offsets.push(offset)
        return offset < 9 ? broken(offset, offset + 1) : Readable.from([data.subarray(offset)])
      },
      2,
    )
    assert.equal((await buffer(stream)).toString(), '23456789')
    assert.deepEqual(offsets, [4, 5, 6, 7, 8, 9])
  })

  it('asks again for a while when the source is away', async () => {
    let asked = 0
    const stream = body(broken(0, 5), async (offset) => {
      asked += 1
      if (asked < 4) throw away
      return Readable.from([data.subarray(offset)])
    })
    assert.equal((await buffer(stream)).toString(), data.toString())
    await assert.rejects(buffer(body(broken(0, 5), () => Promise.reject(away))), (error) =>
      hasCode(error, 'fetch_failed'),
    )
  })

  it('fails as the source did when nothing more comes, or the data is another one', async () => {
    const brokenOff = (error: unknown) =>
      hasCode(error, 'fetch_failed') && /broken off/.test(String((error as Error).cause))
    await assert.rejects(buffer(body(broken(0, 5), async (offset) => broken(offset, offset))), brokenOff)
    await assert.rejects(buffer(body(broken(0, 5), async () => undefined)), brokenOff)
  })

  it('does not ask again where that is of no use', async () => {
    let asked = 0
    const refusing = body(broken(0, 5), async () => {
      asked += 1
      throw new GlimpseError('fetch_refused', { reason: 'gone' })
    })
    await assert.rejects(buffer(refusing), (error) => hasCode(error, 'fetch_refused'))
    assert.equal(asked, 1)
  })
})
