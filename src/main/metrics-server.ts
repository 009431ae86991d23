import { createServer, type Server } from 'node:http'
import type { OptionGroup } from '../config/option.ts'

export const metricsOptions = {
  metrics_host: { type: 'string', default: '127.0.0.1', ours: true, help: 'Address of the metrics port.' },
  metrics_port: {
    type: 'integer',
    default: null,
    min: 0,
    max: 65535,
    ours: true,
    help: 'Port that serves Prometheus metrics of all workers at /metrics; unset: no such port.',
  },
} as const satisfies OptionGroup

interface MetricsSource {
  readonly contentType: string
  metrics(): Promise<string>
}

/** Serves `/metrics`: of all workers (`ofWorkers`, in their primary process) or of this process. @throws if the port is taken */
export async function serveMetrics(options: { host: string; port: number; ofWorkers: boolean }): Promise<Server> {
  const source = await metricsSource(options)
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end()
    source.metrics().then(
      (body) => response.writeHead(200, { 'content-type': source.contentType }).end(body),
      () => response.writeHead(503).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  return server
}

async function metricsSource({ ofWorkers }: { ofWorkers: boolean }): Promise<MetricsSource> {
  const { AggregatorRegistry, register } = await import('prom-client')
  if (!ofWorkers) return register
  const aggregator = new AggregatorRegistry()
  return { contentType: aggregator.contentType, metrics: () => aggregator.clusterMetrics() }
}
