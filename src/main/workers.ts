import cluster, { type Worker } from 'node:cluster'
import type { Logger } from '../ports/logger.ts'

export interface SupervisorOptions {
  /** How many worker processes share the listening socket; at least 1. */
  readonly count: number
  readonly logger: Logger
  /** Checks the configuration that new workers will read. @throws what keeps the old workers in place */
  readonly reload: () => Promise<void>
  /** Called with each worker that is listening. */
  readonly onListening?: () => void
}

const firstDelayMs = 100
const longestDelayMs = 5_000
/** A worker that lived this long was sound: its successor starts without delay. */
const soundLifeMs = 10_000

/**
 * Runs `count` workers until SIGTERM or SIGINT: a worker that dies is replaced (with growing delays while it keeps dying),
 * SIGHUP replaces all by new ones that read the configuration again, and the old ones drain.
 * @returns the exit code: 0 after a drain, 1 if no worker ever listened
 */
export function superviseWorkers(options: SupervisorOptions): Promise<number> {
  const { logger } = options
  const startedAt = new Map<number, number>()
  const retired = new Set<number>()
  /** Workers that have listened: those that are on their way would die of a SIGHUP, and have their log file open anew anyway. */
  const ready = new Set<number>()
  let stopping = false
  let everListened = false
  let delayMs = firstDelayMs

  return new Promise((resolve) => {
    const fork = (): Worker => {
      const worker = cluster.fork()
      startedAt.set(worker.id, Date.now())
      return worker
    }
    const alive = (): Worker[] => Object.values(cluster.workers ?? {}).filter((w) => w !== undefined)
    const retire = (worker: Worker): void => {
      retired.add(worker.id)
      worker.process.kill('SIGTERM')
    }
    const settleWhenEmpty = (): void => {
      if (stopping && alive().length === 0) resolve(everListened ? 0 : 1)
    }

    cluster.on('listening', (worker) => {
      ready.add(worker.id)
      everListened = true
      options.onListening?.()
    })
    cluster.on('exit', (worker, code, signal) => {
      const livedMs = Date.now() - (startedAt.get(worker.id) ?? 0)
      startedAt.delete(worker.id)
      ready.delete(worker.id)
      if (stopping || retired.delete(worker.id)) return settleWhenEmpty()
      if (!everListened) {
        stopping = true
        for (const other of alive()) retire(other)
        return settleWhenEmpty()
      }
      delayMs = livedMs > soundLifeMs ? firstDelayMs : Math.min(delayMs * 2, longestDelayMs)
      logger.error({ worker: worker.process.pid, code, signal, delayMs }, 'worker died, starting another')
      setTimeout(() => stopping || fork(), delayMs)
    })

    const stop = (signal: NodeJS.Signals): void => {
      if (stopping) for (const worker of alive()) worker.process.kill('SIGKILL')
      stopping = true
      logger.info({ signal }, 'stopping: requests in flight are finished first')
      for (const worker of alive()) retire(worker)
      settleWhenEmpty()
    }
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    process.on('SIGHUP', () => {
      // They open their log file anew.
      for (const worker of alive()) if (ready.has(worker.id)) worker.process.kill('SIGHUP')
      options.reload().then(
        () => {
          logger.info({}, 'configuration read again, replacing workers')
          const old = alive()
          for (let i = 0; i < options.count; i++) {
            const worker = fork()
            worker.once('listening', () => {
              const predecessor = old.pop()
              if (predecessor) retire(predecessor)
            })
          }
        },
        (error: unknown) => logger.error({ err: error }, 'the new configuration is refused, the old one stays'),
      )
    })

    for (let i = 0; i < options.count; i++) fork()
  })
}
