import { rm } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive, type Running, readRunning } from './pid-file.ts'

const pollEveryMs = 50

/**
 * Ends the service and waits until it has drained.
 * @returns what was running, or undefined if nothing was
 * @throws if it does not end in time
 */
export async function stopService(pidFile: string, options: { timeoutMs: number }): Promise<Running | undefined> {
  const running = await readRunning(pidFile)
  if (!running) return undefined
  process.kill(running.pid, 'SIGTERM')
  const deadline = Date.now() + options.timeoutMs
  while (await isAlive(running)) {
    if (Date.now() > deadline) {
      const seconds = options.timeoutMs / 1000
      throw new Error(
        `The service (pid ${running.pid}) has not ended within ${seconds} s; it may be finishing a transfer.`,
      )
    }
    await delay(pollEveryMs)
  }
  await rm(pidFile, { force: true })
  return running
}
