import type { FastifyInstance } from 'fastify'
import type { ServerConfig } from '../config/groups/server.ts'
import type { Logger } from '../ports/logger.ts'

export interface ListenSettings {
  readonly host: string
  readonly port: number
  readonly backlog: number
  /** A connection on which nothing moves for this long is closed, milliseconds; 0: never. */
  readonly idleMs: number
  /** Connections are kept for further requests. */
  readonly keepAlive: boolean
  /** Idle time after which the system asks whether the client still lives, milliseconds. */
  readonly probeAfterMs: number
  /** Longest drain, milliseconds; 0: however long requests take. */
  readonly drainMs: number
}

/** What the options say of listening, at that address. */
export function listenSettings(server: ServerConfig, { host }: { host: string }): ListenSettings {
  return {
    host,
    port: server.bind_port,
    backlog: server.backlog,
    idleMs: server.client_socket_timeout * 1000,
    keepAlive: server.http_keepalive,
    probeAfterMs: server.tcp_keepidle * 1000,
    drainMs: server.graceful_shutdown_timeout * 1000,
  }
}

/** What a process does beside answering requests. */
export interface BackgroundWork {
  /** Resolves when it has come to rest. */
  stop(): Promise<void>
}

/**
 * Listens until SIGTERM or SIGINT, then drains: no new connection is taken, requests in flight are finished, and the
 * background work is stopped.
 */
export async function serveUntilStopped(
  app: FastifyInstance,
  {
    listen,
    log,
    background,
    takeLeave,
  }: {
    listen: ListenSettings
    log: Logger
    background: BackgroundWork
    /** Tells clients that keep connections; still listening meanwhile. */
    takeLeave?: () => Promise<void>
  },
): Promise<void> {
  const { host, port, backlog, drainMs } = listen
  const { server } = app
  server.timeout = listen.idleMs
  if (!listen.keepAlive) server.maxRequestsPerSocket = 1
  server.on('connection', (socket) => socket.setKeepAlive(true, listen.probeAfterMs))
  await app.listen({ host, port, backlog, listenTextResolver: () => '' })
  log.info({ host, port }, 'listening')
  const signal = await stopSignal()
  log.info({ signal }, 'draining')
  await takeLeave?.()
  const { promise: late, resolve: beLate } = Promise.withResolvers<void>()
  const deadline = drainMs > 0 ? setTimeout(beLate, drainMs) : undefined
  void late.then(() => server.closeAllConnections())
  await Promise.all([app.close(), Promise.race([background.stop(), late])])
  clearTimeout(deadline)
}

function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
    process.once('disconnect', () => resolve('primary process is gone'))
  })
}
