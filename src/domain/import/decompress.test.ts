import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { hasCode } from '../../errors/error.ts'
import type { Unpacker } from '../../ports/unpacker.ts'
import { decompressed } from './decompress.ts'

/** Programs are another test's matter. */
const unpacker: Unpacker = {
  unpack: (format) => {
    throw new Error(`${format} is not unpacked here`)
  },
}
const options = { unpacker, signal: new AbortController().signal }
const data = Buffer.concat([randomBytes(300_000), Buffer.alloc(300_000)])

/** A source that gives its bytes in pieces, the first ones small. */
function sourceOf(bytes: Buffer, sizeBytes: number | null = bytes.length) {
  const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 3), bytes.subarray(3, 9), bytes.subarray(9)]
  return { body: Readable.from(pieces.filter(({ length }) => length > 0)), sizeBytes }
}

async function unpack(bytes: Buffer, sizeBytes?: number | null): Promise<{ size: number | null; bytes: Buffer }> {
  const source = await decompressed(sourceOf(bytes, sizeBytes), options)
  return { size: source.sizeBytes, bytes: Buffer.concat(await source.body.toArray()) }
}

test('undoes gzip and zstd, and says that the size is unknown', async () => {
  for (const packed of [gzipSync(data), zstdCompressSync(data)]) {
    assert.deepEqual(await unpack(packed), { size: null, bytes: data })
  }
})

test('leaves what is not compressed as it is, however short', async () => {
  for (const bytes of [data, Buffer.from('x'), Buffer.alloc(0), Buffer.from([0x1f, 0x8b])]) {
    assert.deepEqual(await unpack(bytes), { size: bytes.length, bytes })
  }
})

test('fails for broken and for shortened data', async () => {
  const packed = gzipSync(data)
  const broken = Buffer.from(packed)
  broken.fill(0xff, 1000, 2000)
  const failed = (error: unknown) => hasCode(error, 'import_failed')
  await assert.rejects(unpack(broken), failed)
  await assert.rejects(unpack(packed.subarray(0, -100), null), failed)
  await assert.rejects(unpack(zstdCompressSync(data).subarray(0, -100), null), failed)
  await assert.rejects(unpack(data, data.length + 1), (error) => hasCode(error, 'upload_size_mismatch'))
})

test('refuses archives that it knows and cannot unpack', async () => {
  await assert.rejects(unpack(Buffer.from('!!-lh5-xxxxxxxx')), (error) => hasCode(error, 'import_failed'))
})

test('ends the source when nobody reads on', async () => {
  const body = Readable.from(
    (async function* () {
      const packed = gzipSync(randomBytes(5_000_000))
      for (let at = 0; at < packed.length; at += 65_536) yield packed.subarray(at, at + 65_536)
    })(),
  )
  const source = await decompressed({ body, sizeBytes: null }, options)
  for await (const _chunk of source.body) break
  if (!body.destroyed) await new Promise((resolve) => body.once('close', resolve))
  assert.ok(body.destroyed)
})

test('lets go of its source when nobody reads what comes out', async () => {
  for (const bytes of [gzipSync(data), data]) {
    const source = sourceOf(bytes)
    const { body } = await decompressed(source, options)
    body.destroy()
    await once(body, 'close')
    assert.ok(source.body.destroyed)
  }
})
