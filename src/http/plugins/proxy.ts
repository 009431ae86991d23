import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { OptionGroup, Values } from '../../config/option.ts'

/** `[oslo_middleware]` */
export const proxyOptions = {
  enable_proxy_headers_parsing: {
    type: 'boolean',
    default: false,
    help: 'The service stands behind a proxy: believe its Forwarded and X-Forwarded-* headers.',
  },
  max_request_body_size: {
    type: 'integer',
    default: 4194304,
    min: 1,
    unit: 'bytes',
    ours: true,
    help: 'Greatest body of a request that carries JSON. Image data is not limited by it.',
  },
} as const satisfies OptionGroup
export type ProxyConfig = Values<typeof proxyOptions>

/** `[DEFAULT]` */
export const sslHeaderOptions = {
  secure_proxy_ssl_header: {
    type: 'string',
    default: null,
    help: 'Request header in which a proxy that ends TLS tells the scheme of the original request, e.g. HTTP_X_FORWARDED_PROTO.',
  },
} as const satisfies OptionGroup

/** Where the client believes the service to be: what links and `Location` are made from. */
export interface Origin {
  readonly scheme: string
  readonly host: string
  /** Path in front of ours, without a slash at its end; empty as a rule. */
  readonly prefix: string
}

function single(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Fields of the first proxy in an RFC 7239 `Forwarded` header. */
function firstForwarded(header: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const pair of (header.split(',', 1)[0] as string).split(';')) {
    const at = pair.indexOf('=')
    if (at > 0) fields.set(pair.slice(0, at).trim().toLowerCase(), pair.slice(at + 1).trim())
  }
  return fields
}

/** `HTTP_X_FORWARDED_PROTO`, the form of WSGI, or `X-Forwarded-Proto`: the header's name as Node has it. */
function headerName(name: string): string {
  return name
    .replace(/^HTTP_/, '')
    .replaceAll('_', '-')
    .toLowerCase()
}

/**
 * Makes the function that tells a request's origin.
 * @see oslo.middleware `http_proxy_to_wsgi.py`
 */
export function originOf(config: {
  readonly parseProxyHeaders: boolean
  readonly secureProxySslHeader: string | null
}): (request: FastifyRequest) => Origin {
  const sslHeader = config.secureProxySslHeader === null ? null : headerName(config.secureProxySslHeader)
  return (request) => {
    const { headers } = request
    const address = request.socket.localAddress
    let scheme = 'encrypted' in request.socket ? 'https' : 'http'
    let host = headers.host || (address ? `${address}:${request.socket.localPort}` : 'localhost')
    let prefix = ''
    if (sslHeader) scheme = single(headers, sslHeader) ?? scheme
    if (config.parseProxyHeaders) {
      const forwarded = single(headers, 'forwarded')
      if (forwarded) {
        const fields = firstForwarded(forwarded)
        scheme = fields.get('proto') || scheme
        host = fields.get('host') || host
      } else {
        scheme = single(headers, 'x-forwarded-proto') ?? scheme
        host = single(headers, 'x-forwarded-host') ?? host
      }
      prefix = (single(headers, 'x-forwarded-prefix') ?? '').replace(/\/+$/, '')
    }
    return { scheme, host, prefix }
  }
}

/** Address of the client: of the socket, or as the first proxy tells. */
export function clientOf(request: FastifyRequest, parseProxyHeaders: boolean): string {
  const socketAddress = request.socket.remoteAddress ?? '-'
  if (!parseProxyHeaders) return socketAddress
  const forwarded = single(request.headers, 'forwarded')
  if (forwarded) return firstForwarded(forwarded).get('for') || socketAddress
  return single(request.headers, 'x-forwarded-for') ?? socketAddress
}
