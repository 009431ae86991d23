import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { it } from 'node:test'
import { GlimpseError } from '../../src/errors/error.ts'
import { hasErrorCode, pieces, put, type StoreFixture } from './store-fixture.ts'

/** What a store promises when its server refuses it, goes away and comes back. */
export function describeStoreFaults({ openDenied, openBehindProxy, partBytes = 65_536 }: StoreFixture): void {
  if (openDenied !== undefined) {
    it('tells refused credentials from missing data', async (t) => {
      const denied = hasErrorCode('store_unavailable', 'storage_write_denied', 'store_misconfigured')
      await assert.rejects(async () => {
        const store = await openDenied(t)
        const writer = await store.create(randomUUID(), { sizeBytes: null })
        await writer.write(randomBytes(10))
        await writer.commit()
      }, denied)
    })
  }
  if (openBehindProxy === undefined) return

  it('says that its server is away, in bounded time, and works again when it is back', async (t) => {
    const { store, proxy, countThings } = await openBehindProxy(t)
    const { url } = await put(await store.create(randomUUID(), { sizeBytes: null }), [randomBytes(10)])
    proxy.refuse()
    const away = hasErrorCode('store_unavailable')
    const startedAt = Date.now()
    await assert.rejects(store.size(url), away)
    await assert.rejects(async () => buffer(await store.open(url, {})), away)
    await assert.rejects(store.delete(url), away)
    await assert.rejects(async () => {
      const writer = await store.create(randomUUID(), { sizeBytes: 10 })
      await writer.write(randomBytes(10))
      await writer.commit()
    }, away)
    assert.ok(Date.now() - startedAt < 30_000)
    proxy.resume()
    assert.equal((await buffer(await store.open(url, {}))).length, 10)
    assert.equal(await countThings(), 1)
  })

  it('fails a write whose server goes away, and leaves nothing once it is back', async (t) => {
    const { store, proxy, countThings } = await openBehindProxy(t)
    const data = randomBytes(3 * partBytes)
    const writer = await store.create(randomUUID(), { sizeBytes: data.length })
    await assert.rejects(
      async () => {
        for (const [i, piece] of pieces(data).entries()) {
          if (i === Math.floor((2 * partBytes) / piece.length)) proxy.refuse()
          await writer.write(piece)
        }
        await writer.commit()
      },
      (error) => error instanceof GlimpseError,
    )
    // Nothing can be removed now; whether that is said is left to the store.
    await writer.abort().catch(() => undefined)
    proxy.resume()
    await writer.abort()
    assert.equal(await countThings(), 0)
    const { url } = await put(await store.create(randomUUID(), { sizeBytes: data.length }), pieces(data))
    assert.ok((await buffer(await store.open(url, {}))).equals(data))
  })

  it('fails a read that is cut off, never ends it short, and reads again', async (t) => {
    const { store, proxy } = await openBehindProxy(t)
    // More than sockets and streams on the way can hold.
    const data = randomBytes(24 * 1024 * 1024)
    const { url } = await put(await store.create(randomUUID(), { sizeBytes: data.length }), pieces(data))
    let readBytes = 0
    await assert.rejects(async () => {
      for await (const chunk of await store.open(url, {})) {
        if (readBytes === 0) proxy.cut()
        readBytes += chunk.length
      }
    })
    assert.ok(readBytes > 0 && readBytes < data.length)
    const rest = await buffer(await store.open(url, { range: { offset: readBytes } }))
    assert.ok(rest.equals(data.subarray(readBytes)))
  })

  it('lets go of a server that hangs when the reader does', async (t) => {
    const { store, proxy } = await openBehindProxy(t)
    const data = randomBytes(24 * 1024 * 1024)
    const { url } = await put(await store.create(randomUUID(), { sizeBytes: data.length }), pieces(data))
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), 500)
    await assert.rejects(async () => {
      for await (const _ of await store.open(url, { signal: abort.signal })) proxy.hang()
    })
    clearTimeout(timer)
    proxy.cut()
    proxy.resume()
    assert.equal(await store.size(url), data.length)
  })
}
