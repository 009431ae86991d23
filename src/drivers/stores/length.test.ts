import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { hasCode } from '../../errors/error.ts'
import { exactLength, skip } from './length.ts'

const of = (...pieces: string[]) => Readable.from(pieces.map((piece) => Buffer.from(piece)))
const cut = (source: Readable, expectedBytes: number) => exactLength(source, { storeId: 's', expectedBytes })
const text = async (stream: Readable) => (await buffer(stream)).toString()

describe('exactLength', () => {
  it('gives as many bytes as there should be', async () => {
    assert.equal(await text(cut(of('abc', 'def'), 6)), 'abcdef')
    assert.equal(await text(cut(skip(of('abc', 'def'), 2), 3)), 'cde')
  })

  it('does not wait for the end of what is longer, and lets it go', async () => {
    const endless = new Readable({
      read() {
        this.push(Buffer.alloc(1000, 'x'))
      },
      destroy: (_error, done) => done(new Error('it was left')),
    })
    const closed = new Promise((resolve) => endless.once('close', resolve))
    assert.equal((await text(cut(endless, 2500))).length, 2500)
    await closed
  })

  it('fails when there are fewer bytes, or the source fails', async () => {
    await assert.rejects(text(cut(of('abc'), 4)), (error) => hasCode(error, 'blob_truncated'))
    const failing = Readable.from(
      (async function* () {
        yield Buffer.from('abc')
        throw new Error('broken')
      })(),
    )
    await assert.rejects(text(cut(failing, 4)), /broken/)
    const closing = of('abc')
    closing.once('data', () => closing.destroy())
    await assert.rejects(text(cut(closing, 4)), (error) => hasCode(error, 'blob_truncated'))
  })

  it('lets go of its source with its reader', async () => {
    const source = of('abc', 'def')
    const stream = cut(source, 6)
    const closed = once(source, 'close')
    stream.destroy()
    await closed
  })
})
