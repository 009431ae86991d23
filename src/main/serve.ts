import type { FastifyInstance } from 'fastify'
import type { Logger } from '../ports/logger.ts'

/**
 * Listens until SIGTERM or SIGINT, then drains: no new connection is taken, requests in flight are finished, at most for
 * `drainMs` (0: however long they take).
 */
export async function serveUntilStopped(
  app: FastifyInstance,
  options: { host: string; port: number; backlog: number; drainMs: number; logger: Logger },
): Promise<void> {
  const { host, port, backlog, drainMs, logger } = options
  await app.listen({ host, port, backlog, listenTextResolver: () => '' })
  logger.info({ host, port }, 'listening')
  const signal = await stopSignal()
  logger.info({ signal }, 'draining')
  const deadline = drainMs > 0 ? setTimeout(() => app.server.closeAllConnections(), drainMs) : undefined
  await app.close()
  clearTimeout(deadline)
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
    process.once('disconnect', () => resolve('primary process is gone'))
  })
}
