import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Logger } from '../../ports/logger.ts'
import { clientOf } from './proxy.ts'

export interface ObserveOptions {
  readonly log: Logger
  readonly metrics: Registry
  /** Believe what proxies tell of the client's address. */
  readonly parseProxyHeaders: boolean
}

/** Query parameters may hold names that are nobody's business; a path never does. */
function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}

/**
 * Logs one line for each request when it is over, and counts it. The route's pattern labels the metrics, so that ids
 * do not multiply them.
 */
export function registerObserve(app: FastifyInstance, { log, metrics, parseProxyHeaders }: ObserveOptions): void {
  const labelNames = ['method', 'route', 'status'] as const
  const requests = new Counter({
    name: 'glimpse_http_requests_total',
    help: 'Requests that were answered.',
    labelNames,
    registers: [metrics],
  })
  const durations = new Histogram({
    name: 'glimpse_http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300],
    registers: [metrics],
  })
  const running = new Gauge({
    name: 'glimpse_http_requests_running',
    help: 'Requests that are being answered.',
    registers: [metrics],
  })

  const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'none'

  app.addHook('onRequest', (_request, reply, done) => {
    running.inc()
    // Not `onResponse`: it misses answers that a vanished client cut off.
    reply.raw.once('close', () => running.dec())
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = routeOf(request)
    const status = reply.raw.statusCode
    const seconds = reply.elapsedTime / 1000
    requests.inc({ method: request.method, route, status })
    durations.observe({ method: request.method, route }, seconds)
    log.info(
      {
        requestId: request.id,
        client: clientOf(request, parseProxyHeaders),
        userId: request.context?.userId ?? null,
        projectId: request.context?.projectId ?? null,
        method: request.method,
        path: pathOf(request.url),
        status,
        durationMs: Math.round(reply.elapsedTime * 1000) / 1000,
      },
      'request',
    )
    done()
  })
}
