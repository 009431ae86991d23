import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Image } from '../image/client.ts'
import { verified } from './data.ts'

const data = Buffer.from('0123456789')
const image = { id: 'i', size: 10, checksum: createHash('md5').update(data).digest('hex') } as unknown as Image

async function* chunks(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, 7)
  yield bytes.subarray(7)
}

async function collect(bytes: Buffer): Promise<{ pieces: string[]; error: unknown }> {
  const pieces: string[] = []
  try {
    for await (const piece of verified(chunks(bytes), image, { chunkBytes: 4 })) pieces.push(piece.toString())
    return { pieces, error: undefined }
  } catch (error) {
    return { pieces, error }
  }
}

test('passes right data on in pieces', async () => {
  assert.deepEqual(await collect(data), { pieces: ['0123', '456', '789'], error: undefined })
})

test('holds the end of wrong data back', async () => {
  const { pieces, error } = await collect(Buffer.from('012345678x'))
  assert.deepEqual(pieces, ['0123', '456'])
  assert.match(String(error), /came damaged/)
})

test('holds the end of short data back', async () => {
  const { pieces, error } = await collect(data.subarray(0, 9))
  assert.deepEqual(pieces, ['0123', '456'])
  assert.match(String(error), /ended after 9 of 10 bytes/)
})
