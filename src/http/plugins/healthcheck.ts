import { existsSync } from 'node:fs'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OptionGroup, Values } from '../../config/option.ts'
import { bestOffer } from '../errors/accept.ts'

/** `[healthcheck]`; `backends` and the path of the file have the values of Glance's paste file. */
export const healthcheckOptions = {
  path: { type: 'string', default: '/healthcheck', help: 'Path that tells whether the service is up.' },
  detailed: {
    type: 'boolean',
    default: false,
    help: 'Tell details of the checks and of the process. They may be of use to an attacker.',
  },
  backends: {
    type: 'list',
    default: ['disable_by_file'],
    help: 'Checks to run: disable_by_file, disable_by_files_ports.',
  },
  disable_by_file_path: {
    type: 'string',
    default: '/etc/glance/healthcheck_disable',
    help: 'While this file exists, the service calls itself unavailable, so that a load balancer sends nothing more.',
  },
  disable_by_file_paths: {
    type: 'list',
    default: [],
    help: 'As disable_by_file_path, for several ports: port:path.',
  },
} as const satisfies OptionGroup
export type HealthcheckConfig = Values<typeof healthcheckOptions>

interface Result {
  readonly available: boolean
  readonly reason: string
  readonly details: string
  readonly class: string
}

function checkFile(path: string | undefined): Result {
  const name = 'HealthcheckResult'
  if (!path) return { available: true, reason: 'OK', details: 'No file is configured', class: name }
  return existsSync(path)
    ? { available: false, reason: 'DISABLED BY FILE', details: `Path '${path}' was found`, class: name }
    : { available: true, reason: 'OK', details: `Path '${path}' was not found`, class: name }
}

function storeResult(id: string): Result {
  const details = `The store ${id} failed several times in a row`
  return { available: false, reason: 'STORE UNAVAILABLE', details, class: 'HealthcheckResult' }
}

function fileOfPort(paths: readonly string[], port: number | undefined): string | undefined {
  for (const entry of paths) {
    const at = entry.indexOf(':')
    if (Number(entry.slice(0, at)) === port) return entry.slice(at + 1)
  }
  return undefined
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`)
}

function render(type: string, results: readonly Result[], detailed: boolean): string {
  if (type === 'application/json') {
    const reasons = detailed
      ? results.map(({ reason, details, class: name }) => ({ class: name, details, reason }))
      : results.map(({ reason }) => reason)
    const process = detailed ? { node_version: globalThis.process.version, now: new Date().toISOString() } : {}
    return JSON.stringify({ detailed, ...process, reasons }, null, 4)
  }
  const lines = results.map(({ reason, details }) => (detailed ? `${reason}: ${details}` : reason))
  if (type === 'text/plain') return lines.join('\n')
  const items = lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')
  return `<html><head><title>Healthcheck Status</title></head><body><ul>${items}</ul></body></html>`
}

/**
 * Answers the health path for every method: 200 when all checks pass, else 503; `HEAD` 204 or 503 without a body.
 * Stores that are given up for now show in details only: the service does what it can without them.
 * @see oslo.middleware `healthcheck/__init__.py`
 */
export function healthcheckHandler(config: HealthcheckConfig, unavailableStores: () => readonly string[] = () => []) {
  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const results = config.backends.flatMap((backend) => {
      if (backend === 'disable_by_file') return [checkFile(config.disable_by_file_path)]
      if (backend !== 'disable_by_files_ports') return []
      return [checkFile(fileOfPort(config.disable_by_file_paths, request.socket.localPort))]
    })
    const healthy = results.every((result) => result.available)
    if (config.detailed) results.push(...unavailableStores().map(storeResult))
    if (request.method === 'HEAD') return reply.code(healthy ? 204 : 503).send()
    const type = bestOffer(request.headers.accept, ['text/plain', 'text/html', 'application/json']) ?? 'text/plain'
    return reply
      .code(healthy ? 200 : 503)
      .header('content-type', type === 'application/json' ? type : `${type}; charset=UTF-8`)
      .send(Buffer.from(render(type, results, config.detailed)))
  }
}
