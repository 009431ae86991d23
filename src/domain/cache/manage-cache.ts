import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { CacheRecord } from '../../ports/cache.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { ImageFinder } from '../images/find.ts'
import type { Policy } from '../policy/policy.ts'
import type { RuleName } from '../policy/rules/index.ts'
import { ImageTarget } from '../policy/target.ts'
import type { ImageCache } from './image-cache.ts'
import type { Prefetcher } from './prefetcher.ts'
import type { Pruned } from './prune.ts'

export interface ManageCacheOptions {
  /** Undefined: there is none on this node. */
  readonly cache: ImageCache | undefined
  readonly prefetcher: Prefetcher | undefined
  readonly finder: ImageFinder
  readonly policy: Policy
}

/** What a caller wants cleared. */
export type ClearTarget = '' | 'cache' | 'queue'

/**
 * The cache of this node, for administrators. Each question is judged by policy first, and fails with `not_found` where
 * there is no cache.
 * @see glance `api/v2/cached_images.py`
 */
export class ManageCache {
  readonly #options: ManageCacheOptions

  constructor(options: ManageCacheOptions) {
    this.#options = options
  }

  /** @throws forbidden, not_found */
  async cached(context: RequestContext, rule: RuleName): Promise<CacheRecord[]> {
    return (await this.#cache(rule, context)).cached()
  }

  /** @throws forbidden, not_found */
  async queued(context: RequestContext, rule: RuleName): Promise<string[]> {
    return (await this.#cache(rule, context)).queued()
  }

  /** Has an image fetched into the cache at once. @throws image_not_found, forbidden, not_found, bad_request */
  async queue(context: RequestContext, imageId: string): Promise<void> {
    const image = await this.#options.finder.find(context, imageId)
    const cache = await this.#cache('cache_image', context, image)
    if (image.status !== 'active') {
      throw new GlimpseError('bad_request', { reason: 'Only images with status active can be queued for the cache.' })
    }
    await cache.enqueue(imageId)
    this.#options.prefetcher?.ask(imageId)
  }

  /** Queues an id for the next run, whatever it stands for. @throws forbidden, not_found */
  async queueUnseen(context: RequestContext, imageId: string): Promise<void> {
    await (await this.#cache('manage_image_cache', context)).enqueue(imageId)
  }

  /** Takes an image out of cache and queue. @throws image_not_found, forbidden, not_found */
  async remove(context: RequestContext, imageId: string): Promise<void> {
    const image = await this.#findOrCached(context, imageId)
    const cache = await this.#cache('cache_delete', context, image)
    await cache.remove(imageId)
    await cache.dequeue(imageId)
  }

  /** @throws forbidden, not_found */
  async removeCached(context: RequestContext, imageId: string): Promise<void> {
    await (await this.#cache('manage_image_cache', context)).remove(imageId)
  }

  /** @throws forbidden, not_found */
  async removeQueued(context: RequestContext, imageId: string): Promise<void> {
    await (await this.#cache('manage_image_cache', context)).dequeue(imageId)
  }

  /** Takes everything out of the cache, the queue or both. @returns how many images. @throws forbidden, not_found */
  async clear(context: RequestContext, { rule, target }: { rule: RuleName; target: ClearTarget }): Promise<number> {
    const cache = await this.#cache(rule, context)
    const cached = target === 'queue' ? 0 : await cache.removeAll()
    const queued = target === 'cache' ? 0 : await cache.dequeueAll()
    return cached + queued
  }

  /** Addresses of the nodes that have the image. @throws forbidden, not_found, conflict, image_not_found */
  async nodesOf(context: RequestContext, imageId: string): Promise<string[]> {
    const cache = await this.#cache('list_cached_nodes', context)
    const nodes = await cache.nodesOf(imageId)
    if (nodes === undefined) {
      throw new GlimpseError('conflict', { reason: 'The nodes of this site do not share the records of their caches.' })
    }
    await this.#options.finder.find(context, imageId)
    return nodes
  }

  /** @throws forbidden, not_found */
  async clean(context: RequestContext): Promise<void> {
    await (await this.#cache('cache_clean', context)).clean()
  }

  /** @throws forbidden, not_found */
  async prune(context: RequestContext): Promise<Pruned> {
    return (await this.#cache('cache_prune', context)).prune()
  }

  /** The image, if it still exists; else it must at least be in the cache or in the queue. */
  async #findOrCached(context: RequestContext, imageId: string): Promise<Image | undefined> {
    try {
      return await this.#options.finder.find(context, imageId)
    } catch (error) {
      if (!hasCode(error, 'image_not_found') || !(await this.#options.cache?.has(imageId))) throw error
      return undefined
    }
  }

  async #cache(rule: RuleName, context: RequestContext, image?: Image): Promise<ImageCache> {
    const { policy, cache } = this.#options
    const target = image && new ImageTarget(context, image)
    if (!(await policy.allows(rule, context, target))) {
      throw new GlimpseError('forbidden', { reason: 'Access was denied to this resource.' })
    }
    if (cache === undefined) throw new GlimpseError('not_found', { reason: 'There is no image cache at this site.' })
    return cache
  }
}
