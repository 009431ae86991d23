/**
 * Loaded into every process of a service before its program: writes down each time when the event loop was late, with the
 * part of it that the thread had to wait for a processor. What is left is the program's own.
 */
import { subscribe } from 'node:diagnostics_channel'
import { appendFileSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'

/** One stretch of time in which the event loop did not turn. */
export interface Lateness {
  /** Milliseconds since 1970. */
  readonly endedAt: number
  readonly lateMs: number
  /** Of the process, then. */
  readonly ageMs: number
  /** Ready to run, while others ran. */
  readonly waitedMs: number
  /** At work. What is left was waiting for the disk, or for a machine that stood still. */
  readonly busyMs: number
}

export const probeFolderVariable = 'GLIMPSE_LOOP_PROBE'
const everyMs = 10
/** What is shorter is not written down. */
const leastMs = 20

const folder = process.env[probeFolderVariable]
if (folder !== undefined && isMainThread) {
  // What a start loads is loaded at once; the process serves nobody yet.
  let isWatched = false
  subscribe('tracing:net.server.listen:asyncEnd', () => {
    if (!isWatched) watch(join(folder, `${process.pid}.log`))
    isWatched = true
  })
}

function watch(path: string): void {
  const statistics = openSync('/proc/thread-self/schedstat', 'r')
  const buffer = Buffer.alloc(128)
  const waited = () => Number(buffer.toString('latin1', 0, readSync(statistics, buffer, 0, 128, 0)).split(' ')[1]) / 1e6
  const busy = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  let last = { at: performance.now(), waitedMs: waited(), busyMs: busy() }
  const timer = setInterval(() => {
    const now = { at: performance.now(), waitedMs: waited(), busyMs: busy() }
    const lateMs = now.at - last.at - everyMs
    if (lateMs >= leastMs) {
      const waitedMs = now.waitedMs - last.waitedMs
      const busyMs = now.busyMs - last.busyMs
      const lateness: Lateness = { endedAt: Date.now(), ageMs: now.at, lateMs, waitedMs, busyMs }
      appendFileSync(path, `${JSON.stringify(lateness)}\n`)
    }
    last = now
  }, everyMs)
  timer.unref()
}
