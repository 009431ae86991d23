import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { describeStoreFaults } from './blob-store-faults.ts'
import { describeReading, unreadableUrls } from './blob-store-reading.ts'
import { hasErrorCode, pieces, put, type StoreFixture } from './store-fixture.ts'

const defaultOddKeys = ['two words', 'grüße-✓', '100%25', 'a+b&c=d', "it's", 'dots..in..it', '~tilde', 'x'.repeat(200)]

const digest = (data: Uint8Array) => createHash('sha1').update(data).digest('hex')

/** What every store promises to the layers above. */
export function describeBlobStore(name: string, fixture: StoreFixture): void {
  const { open, partBytes = 65_536, clears } = fixture
  describe(`blob store: ${name}`, () => {
    it('gives back the bytes that were written, whatever the chunks', async (t) => {
      const { store } = await open(t)
      const chunks = [randomBytes(1), randomBytes(300_000), Buffer.alloc(0), randomBytes(70_001)]
      const written = await put(await store.create(randomUUID(), { sizeBytes: 370_002 }), chunks)
      assert.equal(written.sizeBytes, 370_002)
      assert.equal(await store.size(written.url), 370_002)
      assert.deepEqual(await buffer(await store.open(written.url, {})), Buffer.concat(chunks))
    })

    for (const isKnown of [true, false]) {
      it(`takes any size that is ${isKnown ? 'known' : 'unknown'} before`, async (t) => {
        const { store, countThings } = await open(t)
        for (const size of [0, 1, partBytes - 1, partBytes, partBytes + 1, 3 * partBytes + 17]) {
          const data = randomBytes(size)
          const written = await put(
            await store.create(randomUUID(), { sizeBytes: isKnown ? size : null }),
            pieces(data),
          )
          assert.equal(written.sizeBytes, size)
          assert.equal(await store.size(written.url), size)
          const read = await buffer(await store.open(written.url, {}))
          assert.equal(digest(read), digest(data), `${size} bytes come back`)
          await store.delete(written.url)
        }
        assert.equal(await countThings(), 0)
      })
    }

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

    if (fixture.lists !== false) {
      it('lists finished blobs of images by the begin of their ids, and nothing else', async (t) => {
        const { store } = await open(t)
        const keys = ['a', 'ab', 'b'].map((start) => start + randomUUID().slice(start.length))
        const urls = new Map<string, string>()
        for (const key of keys) {
          const { url } = await put(await store.create(key, { sizeBytes: 1 }), [Buffer.from('x')])
          urls.set(key, url)
        }
        const [foreign, begun] = ['a-thing-of-others', `a${randomUUID().slice(1)}`]
        const other = await put(await store.create(foreign, { sizeBytes: 1 }), [Buffer.from('x')])
        const unfinished = await store.create(begun, { sizeBytes: null })
        await unfinished.write(Buffer.alloc(partBytes + 1))
        for (const prefix of ['', 'a', 'ab', keys[2] ?? '', 'f0f0f0f0f0']) {
          const listed = await Array.fromAsync(store.list?.({ prefix }) ?? [])
          // Others may use the same place, for images with ids that begin alike.
          const own = listed.filter(({ key }) => [...keys, foreign, begun].some((one) => key.startsWith(one)))
          const expected = keys.filter((key) => key.startsWith(prefix)).map((key) => ({ key, url: urls.get(key) }))
          assert.deepEqual(
            own.toSorted((x, y) => (x.key < y.key ? -1 : 1)),
            expected.toSorted((x, y) => (x.key < y.key ? -1 : 1)),
          )
        }
        await unfinished.abort()
        for (const url of [...urls.values(), other.url]) await store.delete(url)
      })
    }

    const { sparseBytes } = fixture
    if (sparseBytes !== undefined) {
      it('takes a large blob of zeros', async (t) => {
        const { store } = await open(t)
        const writer = await store.create(randomUUID(), { sizeBytes: sparseBytes })
        const zeros = new Uint8Array(4 * 1024 * 1024)
        for (let at = 0; at < sparseBytes; at += zeros.length) {
          await writer.write(zeros.subarray(0, Math.min(zeros.length, sparseBytes - at)))
        }
        const { url } = await put(writer, [])
        assert.equal(await store.size(url), sparseBytes)
        const end = await buffer(await store.open(url, { range: { offset: sparseBytes - 1000 } }))
        assert.deepEqual(end, Buffer.alloc(1000))
        await store.delete(url)
      })
    }

    describeReading({
      partBytes,
      open: async (t) => {
        const { store } = await open(t)
        const write = async (data: Buffer, key = randomUUID()) => {
          const { url } = await put(await store.create(key, { sizeBytes: data.length }), pieces(data))
          return url
        }
        const missing = async () => {
          const url = await write(Buffer.from('data'))
          await store.delete(url)
          return url
        }
        return { store, write, missing }
      },
    })

    it('leaves nothing after an abort, at whatever stage', async (t) => {
      const { store, countThings } = await open(t)
      const size = 3 * partBytes
      for (const sizeBytes of [size, null]) {
        for (const writtenBytes of [0, 50, partBytes, 2 * partBytes + 50, size, size + 100_000]) {
          const writer = await store.create(randomUUID(), { sizeBytes })
          // More than was announced may be refused, less must not be.
          const writing = (async () => {
            for (const piece of pieces(randomBytes(writtenBytes))) await writer.write(piece)
          })()
          await (sizeBytes !== null && writtenBytes > sizeBytes ? writing.catch(() => undefined) : writing)
          await writer.abort()
          await writer.abort()
          assert.equal(await countThings(), 0, `after ${writtenBytes} of ${sizeBytes} bytes`)
        }
      }
    })

    it('takes a committed blob back when the write is aborted before it is settled', async (t) => {
      const { store, countThings } = await open(t)
      for (const size of [50, partBytes + 50]) {
        const writer = await store.create(randomUUID(), { sizeBytes: null })
        for (const piece of pieces(randomBytes(size))) await writer.write(piece)
        const { url } = await writer.commit()
        assert.equal(await store.size(url), size)
        await writer.abort()
        await writer.abort()
        assert.equal(await countThings(), 0)
      }
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
      const [firstKey, key] = [randomUUID(), randomUUID()]
      const first = await put(await store.create(firstKey, { sizeBytes: null }), [randomBytes(1)])
      const url = first.url.replace(firstKey, key)
      for (const size of [50, 2 * partBytes]) {
        const writer = await store.create(key, { sizeBytes: size })
        for (const piece of pieces(randomBytes(size))) await writer.write(piece)
        await assert.rejects(store.size(url), hasErrorCode('blob_not_found'))
        await assert.rejects(async () => buffer(await store.open(url, {})), hasErrorCode('blob_not_found'))
        await writer.abort()
      }
    })

    it('never overwrites a blob', async (t) => {
      const { store } = await open(t)
      for (const size of [3, partBytes + 3]) {
        const key = randomUUID()
        const late = await store.create(key, { sizeBytes: null })
        for (const piece of pieces(randomBytes(size))) await late.write(piece)
        const { url } = await put(await store.create(key, { sizeBytes: null }), [Buffer.from('first')])
        await assert.rejects(store.create(key, { sizeBytes: null }), hasErrorCode('blob_exists'))
        await assert.rejects(late.commit(), hasErrorCode('blob_exists'))
        await late.abort()
        assert.equal((await buffer(await store.open(url, {}))).toString(), 'first')
      }
    })

    if (clears) {
      it('clears a key of whatever was written, and those who wrote it leave what comes after it', async (t) => {
        const { store, countThings } = await open(t)
        const clear = async (key: string) => store.clear?.(key)
        const [key, size] = [randomUUID(), partBytes + 3]
        const done = await store.create(key, { sizeBytes: size })
        const half = await store.create(key, { sizeBytes: size })
        for (const piece of pieces(randomBytes(size))) await done.write(piece)
        for (const piece of pieces(randomBytes(size - 1))) await half.write(piece)
        const { url } = await done.commit()
        await clear(key)
        await assert.rejects(store.size(url), hasErrorCode('blob_not_found'))
        await clear(key)
        await put(await store.create(key, { sizeBytes: 6 }), [Buffer.from('second')])
        await Promise.all([done.abort(), half.abort()])
        assert.equal((await buffer(await store.open(url, {}))).toString(), 'second')
        await store.delete(url)
        assert.equal(await countThings(), 0)
      })
    }

    it('keeps the whole blob of one writer when two commit the same key at once', async (t) => {
      const { store, countThings } = await open(t)
      const key = randomUUID()
      const bodies = [randomBytes(10_000), randomBytes(20_000)]
      const writers = await Promise.all(bodies.map(() => store.create(key, { sizeBytes: null })))
      await Promise.all(writers.map((writer, i) => writer.write(bodies[i] as Buffer)))
      const outcomes = await Promise.allSettled(writers.map((writer) => writer.commit()))
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(hasErrorCode('blob_exists')(outcome.reason), outcome.reason)
      }
      const won = outcomes.find((outcome) => outcome.status === 'fulfilled')
      assert.ok(won, 'one of them succeeds')
      await Promise.all(
        writers.map((writer, i) => (outcomes[i]?.status === 'fulfilled' ? writer.settle() : writer.abort())),
      )
      const read = await buffer(await store.open(won.value.url, {}))
      const winners = bodies.filter((_, i) => outcomes[i]?.status === 'fulfilled')
      assert.ok(winners.some((body) => body.equals(read)))
      assert.equal(await countThings(), 1)
    })

    it('deletes a blob once', async (t) => {
      const { store, countThings } = await open(t)
      const { url } = await put(await store.create(randomUUID(), { sizeBytes: null }), [randomBytes(5)])
      await store.delete(url)
      assert.equal(await countThings(), 0)
      await assert.rejects(store.delete(url), hasErrorCode('blob_not_found'))
      await assert.rejects(store.size(url), hasErrorCode('blob_not_found'))
      await assert.rejects(async () => buffer(await store.open(url, {})), hasErrorCode('blob_not_found'))
    })

    it('deletes nothing behind a URL that it cannot read', async (t) => {
      const { store } = await open(t)
      for (const url of unreadableUrls(store)) await assert.rejects(store.delete(url), hasErrorCode('blob_not_found'))
    })

    it('takes odd names', async (t) => {
      const { store } = await open(t)
      for (const key of fixture.oddKeys ?? defaultOddKeys) {
        const { url } = await put(await store.create(key, { sizeBytes: null }), [Buffer.from(key)])
        assert.equal((await buffer(await store.open(url, {}))).toString(), key)
        await store.delete(url)
        await assert.rejects(store.size(url), hasErrorCode('blob_not_found'))
      }
    })

    it('begins nothing for a caller who has gone', async (t) => {
      const { store, countThings } = await open(t)
      const signal = AbortSignal.abort()
      await assert.rejects(async () => {
        // A store whose creation costs nothing need not look at the signal.
        const writer = await store.create(randomUUID(), { sizeBytes: null, signal })
        await writer.abort()
        signal.throwIfAborted()
      })
      assert.equal(await countThings(), 0)
    })

    describeStoreFaults(fixture)
  })
}
