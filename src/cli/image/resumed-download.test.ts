import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { describe, test } from 'node:test'
import { HttpFailure } from '../http.ts'
import type { Image, ImageClient } from './client.ts'
import { resumedDownload } from './resumed-download.ts'

const data = Buffer.from('0123456789abcdef')
const image: Image = { id: 'i', name: null, status: 'active', size: data.length, tags: [] }

/** A service whose connections break after so many bytes each. @returns also where each download began */
function breaking(lengths: readonly number[], { knowsRanges = true } = {}) {
  const offsets: number[] = []
  const download: ImageClient['download'] = async (_id, { offset }) => {
    const length = lengths[offsets.length]
    offsets.push(offset)
    if (length === undefined) throw new HttpFailure(404, 'gone')
    const startBytes = knowsRanges ? offset : 0
    const body = Readable.from(
      (async function* () {
        yield data.subarray(startBytes, startBytes + length)
        if (startBytes + length < data.length) throw new Error('the connection broke')
      })(),
    )
    return { body, startBytes }
  }
  return { client: { download } as ImageClient, offsets }
}

async function read(client: ImageClient, startBytes = 0): Promise<string> {
  const options = { signal: AbortSignal.timeout(5_000), startBytes, retryDelayMs: 1 }
  return Buffer.concat(await Array.fromAsync(resumedDownload(client, image, options))).toString()
}

describe('a download that is resumed', () => {
  test('goes on where the connection broke', async () => {
    const { client, offsets } = breaking([5, 4, 100])
    assert.equal(await read(client), String(data))
    assert.deepEqual(offsets, [0, 5, 9])
  })

  test('passes over what it has where the service knows no ranges', async () => {
    const { client } = breaking([5, 9, 100], { knowsRanges: false })
    assert.equal(await read(client), String(data))
  })

  test('begins where it is told', async () => {
    assert.equal(await read(breaking([100]).client, 10), 'abcdef')
  })

  test('is given up when attempts bring nothing, and at once when the service refuses', async () => {
    const { client, offsets } = breaking([4, 0, 0, 0, 0, 0, 0])
    await assert.rejects(read(client), /the connection broke/)
    assert.equal(offsets.length, 5)
    const refused = breaking([4])
    await assert.rejects(read(refused.client), /gone/)
    assert.equal(refused.offsets.length, 2)
  })
})
