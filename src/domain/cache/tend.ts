import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../../ports/logger.ts'
import type { ImageCache } from './image-cache.ts'

const intervalMs = 600_000

/** Cleans and prunes the cache, now and from time to time, until the signal: what a dead process left, and what grew. */
export async function tendForever(
  cache: ImageCache,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<void> {
  while (!signal.aborted) {
    try {
      await cache.clean()
      await cache.prune()
    } catch (error) {
      log.error({ err: error }, 'the cache could not be cleaned')
    }
    await sleep(intervalMs, undefined, { signal }).catch(() => {})
  }
}
