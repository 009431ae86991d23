import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { it, type TestContext } from 'node:test'
import type { BlobStore } from '../../src/ports/blob-store.ts'
import { hasErrorCode } from './store-fixture.ts'

/** A store, and a way to put data there that need not be the store's own. */
export interface ReadableFixture {
  readonly open: (t: TestContext) => Promise<{
    readonly store: BlobStore
    /** Puts data where the store can read it. @returns its URL */
    write(data: Buffer): Promise<string>
    /** The URL of data that is not there. */
    missing(): Promise<string>
  }>
  /** @see StoreFixture */
  readonly partBytes?: number
}

const digest = (data: Uint8Array) => createHash('sha1').update(data).digest('hex')

/** URLs that name no data of the store, whatever it is. */
export function unreadableUrls(store: BlobStore): string[] {
  return [`${store.schemes[0]}://`, `${store.schemes[0]}:x`, 'unknown://a/b/c']
}

/** What every store that can be read promises, whether it can be written to or not. Called within a suite. */
export function describeReading({ open, partBytes = 65_536 }: ReadableFixture): void {
  it('tells the size, and gives all of the data', async (t) => {
    const { store, write } = await open(t)
    for (const size of [0, 1, partBytes, partBytes + 17]) {
      const data = randomBytes(size)
      const url = await write(data)
      assert.equal(await store.size(url), size)
      assert.equal(digest(await buffer(await store.open(url, {}))), digest(data), `${size} bytes`)
    }
  })

  it('reads any range', async (t) => {
    const { store, write } = await open(t)
    const size = 2 * partBytes + 100_000
    const data = randomBytes(size)
    const url = await write(data)
    for (const [offset, length] of [
      [0, 1],
      [0, size],
      [0, 0],
      [5, 100_000],
      [partBytes - 1, 2],
      [partBytes, partBytes],
      [size - 1, 1],
      [size, 0],
      [100, undefined],
      [size - 1, undefined],
      [size, undefined],
    ] as const) {
      const range = length === undefined ? { offset } : { offset, length }
      const read = await buffer(await store.open(url, { range }))
      const expected = data.subarray(offset, length === undefined ? undefined : offset + length)
      assert.equal(read.length, expected.length, `${offset} + ${length}`)
      assert.equal(digest(read), digest(expected), `${offset} + ${length}`)
    }
  })

  it('fails instead of ending short when the range is not all there', async (t) => {
    const { store, write } = await open(t)
    const url = await write(randomBytes(10))
    for (const [offset, length] of [
      [5, 6],
      [10, 1],
      [20, 5],
    ] as const) {
      await assert.rejects(
        async () => buffer(await store.open(url, { range: { offset, length } })),
        hasErrorCode('blob_truncated'),
      )
    }
  })

  it('serves 20 readers at once', async (t) => {
    const { store, write } = await open(t)
    const data = randomBytes(partBytes + 600_000)
    const url = await write(data)
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const range = { offset: Math.max(0, partBytes - 100_000) + i * 20_000, length: 200_000 }
        const read = await buffer(await store.open(url, { range }))
        assert.equal(digest(read), digest(data.subarray(range.offset, range.offset + range.length)))
      }),
    )
  })

  it('stops reading when the reader goes away', async (t) => {
    const { store, write } = await open(t)
    const url = await write(randomBytes(3_000_000))
    const stream = await store.open(url, {})
    for await (const chunk of stream) {
      assert.ok(chunk.length > 0)
      break
    }
    assert.ok(stream.destroyed)
  })

  it('finds nothing where no data is', async (t) => {
    const { store, missing } = await open(t)
    const url = await missing()
    await assert.rejects(store.size(url), hasErrorCode('blob_not_found'))
    for (const range of [{ offset: 0 }, { offset: 0, length: 0 }, { offset: 5, length: 5 }]) {
      await assert.rejects(async () => buffer(await store.open(url, { range })), hasErrorCode('blob_not_found'))
    }
  })

  it('finds nothing behind a URL that it cannot read', async (t) => {
    const { store } = await open(t)
    for (const url of unreadableUrls(store)) {
      await assert.rejects(store.size(url), hasErrorCode('blob_not_found'))
      await assert.rejects(async () => buffer(await store.open(url, {})), hasErrorCode('blob_not_found'))
    }
  })

  it('reads nothing for a caller who has gone', async (t) => {
    const { store, write } = await open(t)
    const url = await write(randomBytes(100_000))
    await assert.rejects(async () => buffer(await store.open(url, { signal: AbortSignal.abort() })))
  })
}
