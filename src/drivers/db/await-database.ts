import { setTimeout as delay } from 'node:timers/promises'
import type { DatabaseConfig } from '../../config/groups/database.ts'
import { hasCode } from '../../errors/error.ts'

/**
 * Resolves when `ping` succeeds. While the database is unavailable it is asked again as `[database] max_retries` and
 * `retry_interval` have it, so that a service and its database may be started together.
 * @param config.max_retries -1: for ever
 * @throws database_unavailable after the last attempt; other failures at once
 */
export async function awaitDatabase(
  ping: () => Promise<unknown>,
  options: {
    config: Pick<DatabaseConfig, 'max_retries' | 'retry_interval'>
    onRetry?: (failure: Error) => void
  },
): Promise<void> {
  const { config, onRetry } = options
  for (let retries = 0; ; retries++) {
    try {
      await ping()
      return
    } catch (error) {
      const last = config.max_retries >= 0 && retries >= config.max_retries
      if (last || !hasCode(error, 'database_unavailable')) throw error
      onRetry?.(error)
      await delay(config.retry_interval * 1000)
    }
  }
}
