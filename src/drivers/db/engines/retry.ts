import { setTimeout as delay } from 'node:timers/promises'
import { RetriableError } from './failures.ts'

const maxAttempts = 6

/** Runs `work` again after `RetriableError`, a few times, with growing pauses; then throws the error's cause. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RetriableError)) throw error
      if (attempt === maxAttempts) throw error.cause
      // Two transactions that collided must not meet again at the same moment.
      await delay(attempt * 10 * (1 + Math.random()))
    }
  }
}

/**
 * Runs a statement that is a transaction of its own: again after a collision, which has undone it. What became of one whose
 * connection broke is not known, so it fails with the error's cause.
 */
export function retryingCollisions<T>(work: () => Promise<T>): Promise<T> {
  return retrying(async () => {
    try {
      return await work()
    } catch (error) {
      throw error instanceof RetriableError && !error.isCollision ? error.cause : error
    }
  })
}
