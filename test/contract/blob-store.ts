import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { GlimpseError, hasCode } from '../../src/errors/error.ts'
import type { BlobStore, BlobWriter } from '../../src/ports/blob-store.ts'

/** A store that can be written to, and how many things (files, objects, parts) it holds now. */
export interface StoreUnderTest {
  readonly store: BlobStore & Required<Pick<BlobStore, 'create' | 'delete'>>
  countThings(): Promise<number>
}

const code = (name: string) => (error: unknown) => error instanceof GlimpseError && error.code === name

/** What every store promises to the layers above. `open` makes an empty one for each test. */
export function describeBlobStore(name: string, open: (t: TestContext) => Promise<StoreUnderTest>): void {
  describe(`blob store: ${name}`, () => {
    async function put(writer: BlobWriter, chunks: readonly Uint8Array[]) {
      for (const chunk of chunks) await writer.write(chunk)
      const written = await writer.commit()
      await writer.settle()
      return written
    }

    it('gives back the bytes that were written, whatever the chunks', async (t) => {
      const { store } = await open(t)
      const chunks = [randomBytes(1), randomBytes(300_000), Buffer.alloc(0), randomBytes(70_001)]
      const written = await put(await store.create(randomUUID(), { sizeBytes: 370_002 }), chunks)
      assert.equal(written.sizeBytes, 370_002)
      assert.equal(await store.size(written.url), 370_002)
      assert.deepEqual(await buffer(await store.open(written.url, {})), Buffer.concat(chunks))
    })

    it('takes data of unknown size, and none at all', async (t) => {
      const { store } = await open(t)
      const some = await put(await store.create(randomUUID(), { sizeBytes: null }), [randomBytes(10)])
      const none = await put(await store.create(randomUUID(), { sizeBytes: null }), [])
      assert.equal(await store.size(some.url), 10)
      assert.equal(await store.size(none.url), 0)
      assert.equal((await buffer(await store.open(none.url, {}))).length, 0)
    })

    it('takes chunks from shared memory and does not look at them after the write', async (t) => {
      const { store } = await open(t)
      const chunk = new Uint8Array(new SharedArrayBuffer(1000)).fill(1)
      const writer = await store.create(randomUUID(), { sizeBytes: null })
      await writer.write(chunk)
      chunk.fill(2)
      const { url } = await put(writer, [chunk])
      const expected = Buffer.concat([Buffer.alloc(1000, 1), Buffer.alloc(1000, 2)])
      assert.deepEqual(await buffer(await store.open(url, {})), expected)
    })

    it('reads any range', async (t) => {
      const { store } = await open(t)
      const data = randomBytes(200_000)
      const { url } = await put(await store.create(randomUUID(), { sizeBytes: null }), [data])
      for (const [offset, length] of [
        [0, 1],
        [5, 100_000],
        [199_999, 1],
        [100, undefined],
      ] as const) {
        const range = length === undefined ? { offset } : { offset, length }
        const read = await buffer(await store.open(url, { range }))
        assert.deepEqual(read, data.subarray(offset, length === undefined ? undefined : offset + length))
      }
    })

    it('fails instead of ending short when the range is not all there', async (t) => {
      const { store } = await open(t)
      const { url } = await put(await store.create(randomUUID(), { sizeBytes: null }), [randomBytes(10)])
      await assert.rejects(
        async () => buffer(await store.open(url, { range: { offset: 5, length: 6 } })),
        code('blob_truncated'),
      )
    })

    it('leaves nothing after an abort', async (t) => {
      const { store, countThings } = await open(t)
      const writer = await store.create(randomUUID(), { sizeBytes: 100 })
      await writer.write(randomBytes(50))
      await writer.abort()
      await writer.abort()
      assert.equal(await countThings(), 0)
    })

    it('takes a committed blob back when the write is aborted before it is settled', async (t) => {
      const { store, countThings } = await open(t)
      const writer = await store.create(randomUUID(), { sizeBytes: null })
      await writer.write(randomBytes(50))
      const { url } = await writer.commit()
      assert.equal(await store.size(url), 50)
      await writer.abort()
      assert.equal(await countThings(), 0)
    })

    it('leaves one thing after commit, and keeps it when abort comes too late', async (t) => {
      const { store, countThings } = await open(t)
      const writer = await store.create(randomUUID(), { sizeBytes: null })
      const { url } = await put(writer, [randomBytes(50)])
      await writer.abort()
      assert.equal(await countThings(), 1)
      assert.equal(await store.size(url), 50)
    })

    it('shows nothing before commit', async (t) => {
      const { store } = await open(t)
      const key = randomUUID()
      const first = await put(await store.create(randomUUID(), { sizeBytes: null }), [randomBytes(1)])
      const writer = await store.create(key, { sizeBytes: null })
      await writer.write(randomBytes(50))
      await assert.rejects(store.size(first.url.replace(/[^/]+$/, key)), code('blob_not_found'))
      await writer.abort()
    })

    it('never overwrites a blob', async (t) => {
      const { store } = await open(t)
      const key = randomUUID()
      const late = await store.create(key, { sizeBytes: null })
      await late.write(randomBytes(3))
      const { url } = await put(await store.create(key, { sizeBytes: null }), [Buffer.from('first')])
      await assert.rejects(store.create(key, { sizeBytes: null }), code('blob_exists'))
      await assert.rejects(late.commit(), code('blob_exists'))
      await late.abort()
      assert.equal((await buffer(await store.open(url, {}))).toString(), 'first')
    })

    it('deletes a blob once', async (t) => {
      const { store, countThings } = await open(t)
      const { url } = await put(await store.create(randomUUID(), { sizeBytes: null }), [randomBytes(5)])
      await store.delete(url)
      assert.equal(await countThings(), 0)
      await assert.rejects(store.delete(url), code('blob_not_found'))
      await assert.rejects(store.open(url, {}), (error) => hasCode(error, 'blob_not_found'))
    })

    it('stops reading when the reader goes away', async (t) => {
      const { store } = await open(t)
      const { url } = await put(await store.create(randomUUID(), { sizeBytes: null }), [randomBytes(3_000_000)])
      const stream = await store.open(url, {})
      for await (const chunk of stream) {
        assert.ok(chunk.length > 0)
        break
      }
      assert.ok(stream.destroyed)
    })
  })
}
