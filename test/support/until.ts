import { setTimeout as sleep } from 'node:timers/promises'

/** Polls until the condition holds. @throws after `timeoutMs` (20 s by default) */
export async function until(condition: () => Promise<boolean> | boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`still not so after ${timeoutMs} ms: ${condition}`)
    await sleep(25)
  }
}
