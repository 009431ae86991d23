import assert from 'node:assert/strict'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, describe, it, type TestContext } from 'node:test'
import { ImageCache, type OpenStore } from '../../src/domain/cache/image-cache.ts'
import { DigestPool } from '../../src/domain/data/digest-pool.ts'
import type { BlobSource } from '../../src/domain/data/open-places.ts'
import { openCacheFolder } from '../../src/drivers/cache/cache-folder.ts'
import { openSqliteRecords } from '../../src/drivers/cache/sqlite-records.ts'
import { GlimpseError } from '../../src/errors/error.ts'
import { sourceStream } from '../../src/http/data/source-stream.ts'
import type { CacheFolder } from '../../src/ports/cache.ts'
import type { Image } from '../../src/ports/image.ts'
import type { Logger } from '../../src/ports/logger.ts'
import { until } from '../support/until.ts'

const digests = new DigestPool({ threads: 2 })
after(() => digests.close())

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const signal = new AbortController().signal
const pieceBytes = 256 * 1024

function imageOf(data: Buffer): Image {
  return {
    ...{ id: randomUUID(), name: null, status: 'active', visibility: 'public', owner: null, tags: [], properties: {} },
    ...{ diskFormat: 'raw', containerFormat: 'bare', minDiskGib: 0, minRamMib: 0, protected: false, osHidden: false },
    ...{ createdAt: new Date(0), updatedAt: new Date(0), deletedAt: null, deleted: false, locations: [] },
    ...{ sizeBytes: data.length, virtualSizeBytes: null, osHashAlgo: 'sha512' },
    checksum: createHash('md5').update(data).digest('hex'),
    osHashValue: createHash('sha512').update(data).digest('hex'),
  }
}

/** A store that gives its data piece by piece, and only as far as `upTo` allows; it notes each opening. */
class PacedStore {
  readonly openings: { offset: number; length: number }[] = []
  readonly #data: Buffer
  /** Where the data stops for now; beyond it comes `failure`, if there is one. */
  upTo: number
  failure: Error | undefined

  constructor(data: Buffer, { upTo = data.length }: { upTo?: number } = {}) {
    this.#data = data
    this.upTo = upTo
  }

  readonly open: OpenStore = async (range, options) => {
    this.openings.push(range)
    return Readable.from(this.#pieces(range, options.signal ?? signal), { objectMode: false })
  }

  async *#pieces({ offset, length }: { offset: number; length: number }, stopped: AbortSignal) {
    for (let at = offset; at < offset + length; ) {
      const end = Math.min(at + pieceBytes, this.upTo, offset + length)
      if (end > at) yield this.#data.subarray(at, end)
      else if (this.failure) throw this.failure
      else await until(() => this.upTo > at || this.failure !== undefined || stopped.aborted)
      stopped.throwIfAborted()
      at = Math.max(at, end)
    }
  }
}

/** Caches in one folder, each as another process of the node would have it. */
async function caches(
  t: TestContext,
  { count = 1, maxBytes = 2 ** 30, stallMs = 3_786_432, wrap = (folder: CacheFolder) => folder } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'glimpse-cache-'))
  const opened: ImageCache[] = []
  for (let i = 0; i < count; i++) {
    const folder = wrap(await openCacheFolder(directory))
    const records = openSqliteRecords(join(directory, 'cache.db'))
    opened.push(new ImageCache({ folder, records, digests, maxBytes, stallMs, log: quiet }))
  }
  t.after(async () => {
    for (const cache of opened) await cache.close()
    await rm(directory, { recursive: true })
  })
  const [first, second] = opened as [ImageCache, ImageCache]
  return { directory, first, second }
}

const wholeOf = (image: Image) => ({ offset: 0, length: image.sizeBytes ?? 0 })

/** Reads through the cache as a download does, past it if it has nothing. */
async function read(cache: ImageCache, image: Image, store: PacedStore, range = wholeOf(image)): Promise<Buffer> {
  const source = (await cache.open(image, { range, openStore: store.open })) ?? {
    store: 'direct',
    stream: await store.open(range, {}),
  }
  return consume(source, range)
}

async function consume(source: BlobSource, range: { offset: number; length: number }): Promise<Buffer> {
  try {
    return await buffer(sourceStream(source, range, { signal }))
  } finally {
    if ('file' in source) await source.file.close()
    else if ('growing' in source) await source.growing.close()
  }
}

async function cachedIds(cache: ImageCache): Promise<string[]> {
  return (await cache.cached()).map(({ imageId }) => imageId)
}

describe('the image cache', () => {
  it('reads the store once for all who want the image, in all processes', async (t) => {
    const { first, second, directory } = await caches(t, { count: 2 })
    const data = randomBytes(3_000_001)
    const [image, store] = [imageOf(data), new PacedStore(data)]
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, i) => read(i % 2 === 0 ? first : second, image, store)),
    )
    assert.ok(results.every((result) => result.equals(data)))
    assert.deepEqual(store.openings, [wholeOf(image)])
    await until(async () => (await cachedIds(second)).includes(image.id))
    assert.deepEqual((await readdir(directory)).sort(), [image.id, 'cache.db', 'incomplete', 'invalid', 'queue'].sort())
    assert.ok((await read(second, image, store, { offset: 1000, length: 5 })).equals(data.subarray(1000, 1005)))
    assert.equal(store.openings.length, 1)
  })

  it('lets readers have what is there while the rest is on its way', async (t) => {
    const { first, second } = await caches(t, { count: 2 })
    const data = randomBytes(2_000_000)
    const [image, store] = [imageOf(data), new PacedStore(data, { upTo: 786_432 })]
    const whole = read(first, image, store)
    const sources = await Promise.all(
      [first, second].map((cache) => cache.open(image, { range: wholeOf(image), openStore: store.open })),
    )
    for (const source of sources) {
      assert.ok(source && 'growing' in source)
      await until(async () => (await source.growing.ready(0)) === 786_432)
    }
    const part = { offset: 100, length: 4000 }
    assert.ok((await read(first, image, store, part)).equals(data.subarray(100, 4100)))
    assert.equal(store.openings.length, 1)
    store.upTo = data.length
    for (const source of sources) assert.ok((await consume(source as BlobSource, wholeOf(image))).equals(data))
    assert.ok((await whole).equals(data))
    assert.equal(store.openings.length, 1)
  })

  it('reads a part past the cache rather than wait for what lies before it', async (t) => {
    const { first } = await caches(t)
    const data = randomBytes(1_000_000)
    const [image, store] = [imageOf(data), new PacedStore(data)]
    const part = { offset: 900_000, length: 10 }
    assert.ok((await read(first, image, store, part)).equals(data.subarray(900_000, 900_010)))
    assert.deepEqual(await cachedIds(first), [])
    assert.deepEqual(store.openings, [part])
  })

  it('goes on in another process, where it stopped, when the one that fills loses its last reader', async (t) => {
    const { first, second } = await caches(t, { count: 2 })
    const data = randomBytes(2_000_000)
    const [image, store] = [imageOf(data), new PacedStore(data, { upTo: 786_432 })]
    const stopping = await first.open(image, { range: wholeOf(image), openStore: store.open })
    assert.ok(stopping && 'growing' in stopping)
    const others = [read(second, image, store), read(second, image, store)]
    await until(async () => (await stopping.growing.ready(0)) === 786_432)
    await stopping.growing.close()
    await until(() => store.openings.length === 2)
    store.upTo = data.length
    for (const other of others) assert.ok((await other).equals(data))
    assert.deepEqual(store.openings, [wholeOf(image), { offset: 786_432, length: 2_000_000 - 786_432 }])
    await until(async () => (await cachedIds(first)).includes(image.id))
  })

  it('keeps the part that was fetched when nobody reads any more, and goes on from there', async (t) => {
    const { first, directory } = await caches(t)
    const data = randomBytes(2_000_000)
    const [image, store] = [imageOf(data), new PacedStore(data, { upTo: 786_432 })]
    const source = await first.open(image, { range: wholeOf(image), openStore: store.open })
    assert.ok(source && 'growing' in source)
    await until(async () => (await source.growing.ready(0)) === 786_432)
    await source.growing.close()
    await until(async () => (await first.cached()).length === 0)
    assert.deepEqual(await readdir(join(directory, 'incomplete')), [image.id])
    store.upTo = data.length
    assert.ok((await read(first, image, store)).equals(data))
    assert.deepEqual(store.openings.at(-1), { offset: 786_432, length: 2_000_000 - 786_432 })
    await until(async () => (await cachedIds(first)).includes(image.id))
  })

  it('lets readers go on at the store when it cannot go on itself', async (t) => {
    const { first, directory } = await caches(t, {
      wrap: (folder) => ({
        ...delegateTo(folder),
        async openFill(imageId) {
          const file = await folder.openFill(imageId)
          const write = async (chunk: Uint8Array, position: number) => {
            if (position >= 512 * 1024) throw new GlimpseError('storage_full', { store: 'cache' })
            await file.write(chunk, position)
          }
          return { ...delegateTo(file), fd: file.fd, write }
        },
      }),
    })
    const data = randomBytes(2_000_000)
    const [image, store] = [imageOf(data), new PacedStore(data)]
    const results = await Promise.all(Array.from({ length: 5 }, () => read(first, image, store)))
    assert.ok(results.every((result) => result.equals(data)))
    assert.ok(store.openings.some(({ offset }) => offset > 0))
    assert.deepEqual(await cachedIds(first), [])
    assert.deepEqual(await readdir(join(directory, 'incomplete')), [])
  })

  it('never keeps data with a wrong digest', async (t) => {
    const { first, directory } = await caches(t)
    const data = randomBytes(1_000_000)
    const image = { ...imageOf(data), osHashValue: '0'.repeat(128) }
    assert.ok((await read(first, image, new PacedStore(data))).equals(data))
    await until(async () => (await readdir(join(directory, 'invalid'))).length === 1)
    assert.deepEqual(await cachedIds(first), [])
    await first.clean()
    assert.deepEqual(await readdir(join(directory, 'invalid')), [])
  })

  it('drops an entry when the image has got other data', async (t) => {
    const { first, second } = await caches(t, { count: 2 })
    const [old, fresh] = [randomBytes(500_000), randomBytes(500_000)]
    const image = imageOf(old)
    await read(first, image, new PacedStore(old))
    await until(async () => (await cachedIds(first)).length === 1)
    const changed = { ...imageOf(fresh), id: image.id }
    assert.ok((await read(second, changed, new PacedStore(fresh))).equals(fresh))
    assert.ok((await read(first, changed, new PacedStore(fresh))).equals(fresh))
  })

  it('does not keep an image that was removed while it was on its way', async (t) => {
    const { first, second, directory } = await caches(t, { count: 2 })
    const data = randomBytes(1_000_000)
    const [image, store] = [imageOf(data), new PacedStore(data, { upTo: 524_288 })]
    const readers = [read(first, image, store), read(second, image, store)]
    await until(async () => (await readdir(join(directory, 'incomplete'))).length === 1 && store.openings.length === 1)
    await second.remove(image.id)
    store.upTo = data.length
    for (const reader of readers) assert.ok((await reader).equals(data))
    assert.deepEqual(await readdir(join(directory, 'incomplete')), [])
    assert.ok(!(await readdir(directory)).includes(image.id))
  })

  it('keeps data of which no digest is known, if it has its size', async (t) => {
    const { first } = await caches(t)
    const data = randomBytes(300_000)
    const image = { ...imageOf(data), checksum: null, osHashAlgo: null, osHashValue: null }
    assert.ok((await read(first, image, new PacedStore(data))).equals(data))
    await until(async () => (await cachedIds(first)).includes(image.id))
    assert.ok((await read(first, image, new PacedStore(Buffer.alloc(0)))).equals(data))
  })

  it('is pruned by least recent use, without what is being read, by anybody', async (t) => {
    const { first, second, directory } = await caches(t, { count: 2, maxBytes: 1_000_000 })
    const images: Image[] = []
    for (const bytes of [400_000, 400_000, 150_000]) {
      const data = randomBytes(bytes)
      const image = imageOf(data)
      images.push(image)
      await read(first, image, new PacedStore(data))
      await until(async () => (await cachedIds(first)).includes(image.id))
    }
    const [oldest, middle, small] = images as [Image, Image, Image]
    const held = await second.open(oldest, { range: wholeOf(oldest), openStore: new PacedStore(randomBytes(1)).open })
    assert.ok(held && 'file' in held)
    const data = randomBytes(300_000)
    const next = imageOf(data)
    await read(first, next, new PacedStore(data))
    await until(async () => !(await cachedIds(first)).includes(middle.id))
    assert.deepEqual((await cachedIds(first)).sort(), [oldest.id, small.id, next.id].sort())
    await held.file.close()
    await writeFile(join(directory, randomUUID()), randomBytes(900_000))
    const { files } = await second.prune()
    assert.ok(files > 0)
    assert.ok((await sizeOf(directory)) <= 1_000_000)
  })

  it('does not take an image that is larger than all of it', async (t) => {
    const { first, directory } = await caches(t, { maxBytes: 1000 })
    const data = randomBytes(2000)
    assert.ok((await read(first, imageOf(data), new PacedStore(data))).equals(data))
    assert.deepEqual(await readdir(join(directory, 'incomplete')), [])
  })

  it('removes what was begun long ago and left, and brings records and files together', async (t) => {
    const { first, directory } = await caches(t, { stallMs: 60_000 })
    const data = randomBytes(1_000_000)
    const [image, store] = [imageOf(data), new PacedStore(data, { upTo: 300_000 })]
    const source = await first.open(image, { range: wholeOf(image), openStore: store.open })
    assert.ok(source && 'growing' in source)
    const [stalled, recent, unrecorded] = [randomUUID(), randomUUID(), randomUUID()]
    for (const id of [stalled, recent]) await writeFile(join(directory, 'incomplete', id), 'part')
    for (const id of [stalled, image.id]) {
      const longAgo = new Date(Date.now() - 120_000)
      await utimes(join(directory, 'incomplete', id), longAgo, longAgo)
    }
    await writeFile(join(directory, unrecorded), 'from another time')
    await first.clean()
    assert.deepEqual((await readdir(join(directory, 'incomplete'))).sort(), [image.id, recent].sort())
    assert.deepEqual(await cachedIds(first), [unrecorded])
    await source.growing.close()
    await rm(join(directory, unrecorded))
    await first.clean()
    assert.deepEqual(await cachedIds(first), [])
  })
})

/** The methods of an object of a class, for a copy with some of them replaced. */
function delegateTo<T extends object>(target: T): T {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(target)).filter((name) => name !== 'constructor')
  const methods = names
    .map((name) => [name, (target as Record<string, unknown>)[name]] as const)
    .filter((entry): entry is readonly [string, (...args: unknown[]) => unknown] => typeof entry[1] === 'function')
  return Object.fromEntries(methods.map(([name, method]) => [name, method.bind(target)])) as T
}

async function sizeOf(directory: string): Promise<number> {
  const folder = await openCacheFolder(directory)
  return (await folder.entries()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
