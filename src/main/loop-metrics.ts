import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'

const resolutionMs = 10
const windowMs = 15_000
/** What is shown is about the last minute, whoever asks how often. */
const windows = 4

interface Delays {
  readonly max: number
  readonly p99: number
}

/** Measures how late this process's event loop is. @returns what ends it */
export function watchEventLoop(registry: Registry): Disposable {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs })
  const past: Delays[] = []
  const secondsOf = (nanoseconds: number) => Math.max(0, nanoseconds / 1e9 - resolutionMs / 1e3)
  const now = (): Delays =>
    delays.count === 0 ? { max: 0, p99: 0 } : { max: secondsOf(delays.max), p99: secondsOf(delays.percentile(99)) }
  delays.enable()
  const timer = setInterval(() => {
    past.push(now())
    if (past.length === windows) past.shift()
    delays.reset()
  }, windowMs).unref()
  new Gauge({
    name: 'glimpse_event_loop_delay_seconds',
    help: 'How late the event loop was in the last minute: at most (max), and in 99 of 100 turns (p99); of several processes, the worst.',
    labelNames: ['value'],
    aggregator: 'max',
    registers: [registry],
    collect() {
      for (const value of ['max', 'p99'] as const) {
        this.set({ value }, Math.max(now()[value], ...past.map((window) => window[value])))
      }
    },
  })
  return {
    [Symbol.dispose]() {
      clearInterval(timer)
      delays.disable()
      registry.removeSingleMetric('glimpse_event_loop_delay_seconds')
    },
  }
}
