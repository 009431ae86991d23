import type { FastifyReply, FastifyRequest } from 'fastify'
import type { OptionGroup, Values } from '../../config/option.ts'

/** `[cors]`, with Glance's defaults. */
export const corsOptions = {
  allowed_origin: {
    type: 'list',
    default: [],
    help: 'Origins whose pages may call the service, as scheme://host[:port] without a slash at the end; * is any.',
  },
  allow_credentials: { type: 'boolean', default: true, help: 'Pages may send credentials along.' },
  expose_headers: {
    type: 'list',
    default: ['X-Image-Meta-Checksum', 'X-Auth-Token', 'X-Subject-Token', 'X-Service-Token', 'X-OpenStack-Request-ID'],
    help: 'Response headers that pages may read.',
  },
  max_age: { type: 'integer', default: 3600, unit: 'seconds', help: 'How long a browser may keep a preflight answer.' },
  allow_methods: {
    type: 'list',
    default: ['GET', 'PUT', 'POST', 'DELETE', 'PATCH'],
    help: 'Methods that pages may use.',
  },
  allow_headers: {
    type: 'list',
    default: [
      'Content-MD5',
      'X-Image-Meta-Checksum',
      'X-Storage-Token',
      'Accept-Encoding',
      'X-Auth-Token',
      'X-Identity-Status',
      'X-Roles',
      'X-Service-Catalog',
      'X-User-Id',
      'X-Tenant-Id',
      'X-OpenStack-Request-ID',
    ],
    help: 'Request headers that pages may set.',
  },
} as const satisfies OptionGroup
export type CorsConfig = Values<typeof corsOptions>

const simpleHeaders = [
  'Accept',
  'Accept-Language',
  'Content-Type',
  'Cache-Control',
  'Content-Language',
  'Expires',
  'Last-Modified',
  'Pragma',
]

function listOf(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

/**
 * Answers `OPTIONS` (200 and no body, whatever the path) and decorates the other responses for allowed origins.
 * @fastify/cors was left aside: it answers 204 or 404 to preflights that the reference answers with 200, names all
 * allowed methods where the reference names the one asked for, and cannot hold back the headers when a requested
 * header is not allowed.
 * @see oslo.middleware `cors.py`
 */
export function corsHook(config: CorsConfig) {
  const allowed = new Set(config.allowed_origin)
  const allowedHeaders = new Set([...config.allow_headers, ...simpleHeaders].map((name) => name.toUpperCase()))
  const exposed = config.expose_headers.join(',')

  const originFor = (origin: string): string | undefined =>
    allowed.has(origin) ? origin : allowed.has('*') ? '*' : undefined

  const allow = (reply: FastifyReply, origin: string): void => {
    reply.header('Vary', 'Origin').header('Access-Control-Allow-Origin', origin)
    if (config.allow_credentials) reply.header('Access-Control-Allow-Credentials', 'true')
  }

  const preflight = (request: FastifyRequest, reply: FastifyReply, origin: string): void => {
    const method = request.headers['access-control-request-method']
    if (!method || !config.allow_methods.includes(method)) return
    const headers = listOf(request.headers['access-control-request-headers'])
    if (headers.some((name) => !allowedHeaders.has(name.toUpperCase()))) return
    allow(reply, origin)
    if (config.max_age) reply.header('Access-Control-Max-Age', String(config.max_age))
    reply.header('Access-Control-Allow-Methods', method)
    if (headers.length > 0) reply.header('Access-Control-Allow-Headers', headers.join(','))
  }

  return (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const header = request.headers.origin
    const origin = header === undefined ? undefined : originFor(header)
    if (request.method === 'OPTIONS') {
      if (origin) preflight(request, reply, origin)
      reply.code(200).header('content-length', '0').send()
      return
    }
    if (origin) {
      allow(reply, origin)
      if (exposed) reply.header('Access-Control-Expose-Headers', exposed)
    }
    done()
  }
}
