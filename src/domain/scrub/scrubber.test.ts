import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GlimpseError } from '../../errors/error.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Logger } from '../../ports/logger.ts'
import type { DueImage, ScrubRepository } from '../../ports/scrub.ts'
import { StoreSet } from '../data/store-set.ts'
import { Scrubber } from './scrubber.ts'

const quiet: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }

/** Images with locations `memory://ID-N`, by id. */
class Waiting implements ScrubRepository {
  readonly images = new Map<string, Set<number>>()
  readonly finished: string[] = []
  #next = 1

  add(id: string, locations: number): void {
    this.images.set(id, new Set(Array.from({ length: locations }, () => this.#next++)))
  }

  async due({ after = '', limit }: { after?: string; limit: number }): Promise<DueImage[]> {
    const ids = [...this.images.keys()].filter((id) => id > after).sort()
    return ids.slice(0, limit).map((id) => ({
      id,
      locations: [...(this.images.get(id) ?? [])].map((n) => ({ id: n, url: `memory://${id}-${n}`, metadata: {} })),
    }))
  }

  async isDue(locationId: number): Promise<boolean> {
    return [...this.images.values()].some((locations) => locations.has(locationId))
  }

  async removed(locationId: number): Promise<void> {
    for (const locations of this.images.values()) locations.delete(locationId)
  }

  async finish(imageId: string): Promise<boolean> {
    if (this.images.get(imageId)?.size !== 0) return false
    this.images.delete(imageId)
    this.finished.push(imageId)
    return true
  }

  async restore(): Promise<void> {}
}

function scrubberOf(waiting: Waiting, remove: (url: string) => Promise<void>, poolSize = 1): Scrubber {
  const store: BlobStore = {
    id: 'memory',
    schemes: ['memory'],
    capabilities: { randomRead: true },
    open: () => Promise.reject(new Error('not asked for')),
    size: () => Promise.reject(new Error('not asked for')),
    delete: remove,
    close: async () => {},
  }
  const entry = { store, type: 'memory', properties: {}, description: null, weight: 0, reserved: false }
  const stores = new StoreSet([entry], { defaultId: 'memory', multiple: false })
  return new Scrubber(waiting, { stores, log: quiet, delayMs: 0, poolSize })
}

test('removes each location once, over several pages of images', async () => {
  const waiting = new Waiting()
  for (let i = 0; i < 1100; i += 1) waiting.add(`image-${String(i).padStart(4, '0')}`, 2)
  const urls: string[] = []
  const scrubber = scrubberOf(waiting, async (url) => void urls.push(url), 3)
  assert.deepEqual(await scrubber.run(), { images: 1100, failed: 0 })
  assert.equal(new Set(urls).size, 2200)
  assert.equal(urls.length, 2200)
  assert.equal(waiting.finished.length, 1100)
})

test('counts data that is gone as removed', async () => {
  const waiting = new Waiting()
  waiting.add('a', 1)
  const scrubber = scrubberOf(waiting, async () => {
    throw new GlimpseError('blob_not_found', { store: 'memory' })
  })
  assert.deepEqual(await scrubber.run(), { images: 1, failed: 0 })
  assert.deepEqual(waiting.finished, ['a'])
})

test('keeps an image whose data the store does not give up, goes on with others, and tries again', async () => {
  const waiting = new Waiting()
  waiting.add('a', 2)
  waiting.add('b', 1)
  let broken = true
  const scrubber = scrubberOf(waiting, async (url) => {
    if (broken && url === 'memory://a-1')
      throw new GlimpseError('store_unavailable', { store: 'memory', reason: 'test' })
  })
  assert.deepEqual(await scrubber.run(), { images: 1, failed: 1 })
  assert.deepEqual(waiting.finished, ['b'])
  assert.deepEqual([...(waiting.images.get('a') ?? [])], [1])
  broken = false
  assert.deepEqual(await scrubber.run(), { images: 1, failed: 0 })
  assert.deepEqual(waiting.finished, ['b', 'a'])
})

test('leaves data of an image that was restored after the page was read', async () => {
  const waiting = new Waiting()
  waiting.add('a', 1)
  waiting.add('b', 1)
  const urls: string[] = []
  const scrubber = scrubberOf(waiting, async (url) => {
    urls.push(url)
    waiting.images.delete('b')
  })
  await scrubber.run()
  assert.deepEqual(urls, ['memory://a-1'])
})

test('works on as many images at the same time as the pool has places', async () => {
  const waiting = new Waiting()
  for (const id of ['a', 'b', 'c', 'd', 'e']) waiting.add(id, 1)
  let running = 0
  let most = 0
  const scrubber = scrubberOf(
    waiting,
    async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running -= 1
    },
    2,
  )
  await scrubber.run()
  assert.equal(most, 2)
})

test('begins nothing new once it is told to stop', async () => {
  const waiting = new Waiting()
  waiting.add('a', 2)
  waiting.add('b', 1)
  const controller = new AbortController()
  const urls: string[] = []
  const scrubber = scrubberOf(waiting, async (url) => {
    urls.push(url)
    controller.abort()
  })
  await scrubber.runForever({ intervalMs: 60_000, signal: controller.signal })
  assert.deepEqual(urls, ['memory://a-1'])
  assert.deepEqual(waiting.finished, [])
})
