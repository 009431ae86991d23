import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobWriter } from '../../ports/blob-store.ts'
import { DigestPool } from './digest-pool.ts'
import { type ReceiveOptions, receive, type UploadBody } from './receive.ts'

const pool = new DigestPool({ ringBytes: 512 * 1024 })
after(() => pool.close())

/** Keeps what it is given; `delay` makes it slow. */
class Collector implements BlobWriter {
  readonly chunks: Buffer[] = []
  readonly #delay: () => Promise<unknown>

  constructor(delay: () => Promise<unknown> = async () => undefined) {
    this.#delay = delay
  }

  async write(chunk: Uint8Array): Promise<void> {
    await this.#delay()
    this.chunks.push(Buffer.from(chunk))
  }

  async commit(): Promise<never> {
    throw new Error('receive does not commit')
  }

  async settle(): Promise<void> {}
  async abort(): Promise<void> {}
}

const immediate = () => new Promise((resolve) => setImmediate(resolve))

function run(body: UploadBody, options: Partial<ReceiveOptions> = {}) {
  const writer = new Collector()
  return receive(body, {
    writer,
    digests: pool,
    algorithms: ['md5', 'sha512'],
    sizeBytes: null,
    checkSize: () => undefined,
    ...options,
  })
}

const digestsOf = (data: Buffer) => ['md5', 'sha512'].map((name) => createHash(name).update(data).digest('hex'))

describe('receive', () => {
  it('stores and hashes all bytes in order, whatever the chunks', async () => {
    const sizes = fc.array(fc.oneof(fc.nat(100), fc.nat(900_000)), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(sizes, async (chunkSizes) => {
        const chunks = chunkSizes.map((size) => randomBytes(size))
        const data = Buffer.concat(chunks)
        const writer = new Collector(immediate)
        const received = await run(Readable.from(chunks, { objectMode: false }), { writer, sizeBytes: data.length })
        assert.deepEqual(Buffer.concat(writer.chunks), data)
        assert.deepEqual(received, { sizeBytes: data.length, digests: digestsOf(data) })
      }),
      { numRuns: 40 },
    )
  })

  it('takes bytes that the body offers to pull between its chunks', async () => {
    const data = randomBytes(3_000_000)
    let at = 0
    const body: UploadBody = new Readable({
      read(size) {
        const piece = data.subarray(at, at + Math.min(size, 10_000))
        at += piece.length
        this.push(piece.length > 0 ? piece : null)
      },
    })
    body.pull = (target) => {
      if (body.readableLength > 0) return 0
      const count = data.copy(target, 0, at, Math.min(data.length, at + 77_777))
      at += count
      return count
    }
    const writer = new Collector(immediate)
    const received = await run(body, { writer })
    assert.deepEqual(Buffer.concat(writer.chunks), data)
    assert.deepEqual(received.digests, digestsOf(data))
  })

  it('refuses a body that is longer or shorter than announced', async () => {
    for (const sizeBytes of [99, 101]) {
      await assert.rejects(run(Readable.from([Buffer.alloc(100)]), { sizeBytes }), (error) =>
        hasCode(error, 'upload_size_mismatch'),
      )
    }
  })

  it('stops reading when the size check refuses', async () => {
    let offered = 0
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          offered += 65_536
          yield Buffer.alloc(65_536)
          await immediate()
        }
      })(),
      { objectMode: false },
    )
    const checkSize = (bytes: number) => {
      if (bytes > 1_000_000) throw new GlimpseError('image_size_limit', { capBytes: 1_000_000 })
    }
    await assert.rejects(run(endless, { checkSize }), (error) => hasCode(error, 'image_size_limit'))
    assert.ok(offered < 2_000_000, `${offered} bytes were read`)
    assert.ok(endless.destroyed)
  })

  it('fails with what the store fails with, also while the client is silent', async () => {
    const silent = new Readable({ read: () => undefined })
    silent.push(Buffer.alloc(300_000))
    const writer = new Collector(async () => {
      throw new GlimpseError('storage_full', { store: 'file' })
    })
    await assert.rejects(run(silent, { writer }), (error) => hasCode(error, 'storage_full'))
  })

  it('calls a body that breaks off upload_aborted', async () => {
    const body = new Readable({ read: () => undefined })
    body.push(Buffer.alloc(1000))
    setImmediate(() => body.destroy())
    await assert.rejects(run(body), (error) => hasCode(error, 'upload_aborted'))
  })

  it('holds a fast client back while the store is slow', async () => {
    let offered = 0
    let written = 0
    let most = 0
    const source = Readable.from(
      (async function* () {
        for (let i = 0; i < 100; i++) {
          offered += 65_536
          most = Math.max(most, offered - written)
          yield Buffer.alloc(65_536)
        }
      })(),
      { objectMode: false },
    )
    const writer = new Collector(immediate)
    const write = writer.write.bind(writer)
    writer.write = async (chunk) => {
      await write(chunk)
      written += chunk.length
    }
    await run(source, { writer })
    assert.ok(most <= 1024 * 1024, `${most} bytes were under way`)
  })

  it('serves many streams at once with two threads, slow ones among fast ones', async () => {
    const few = new DigestPool({ threads: 2, ringBytes: 256 * 1024 })
    const stalled = new Readable({ read: () => undefined })
    stalled.push(Buffer.alloc(10))
    const slow = run(stalled, { digests: few })
    const data = Array.from({ length: 20 }, () => randomBytes(400_000))
    const all = await Promise.all(data.map((bytes) => run(Readable.from([bytes]), { digests: few })))
    assert.deepEqual(
      all.map(({ digests }) => digests),
      data.map(digestsOf),
    )
    assert.equal(few.size, 2)
    stalled.push(null)
    assert.deepEqual((await slow).digests, digestsOf(Buffer.alloc(10)))
    await few.close()
  })

  it('fails the streams of a thread that dies, and goes on with a new one', async () => {
    const mortal = new DigestPool({ threads: 2 })
    const body = new Readable({ read: () => undefined })
    body.push(Buffer.alloc(100_000))
    const failing = assert.rejects(run(body, { digests: mortal }), (error) => hasCode(error, 'internal'))
    await immediate()
    await mortal.close()
    body.push(Buffer.alloc(100_000))
    body.push(null)
    await failing
    const { digests } = await run(Readable.from([Buffer.from('abc')]), { digests: mortal })
    assert.deepEqual(digests, digestsOf(Buffer.from('abc')))
    await mortal.close()
  })
})
