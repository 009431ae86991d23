import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Origin } from '../plugins/proxy.ts'
import { sendJson } from '../reply.ts'

/** The newest minor version whose routes all exist here; the lists below never name a newer one. */
const newestMinor = 18

/** What decides which versions there are. */
export interface VersionConfig {
  readonly cacheEnabled: boolean
  readonly multiStore: boolean
  readonly publicEndpoint: string | null
}

const cacheMinors: ReadonlySet<number> = new Set([14, 16, 18])
const storeMinors: ReadonlySet<number> = new Set([8, 10, 11, 12, 13])

/**
 * Minor versions of API v2 that this configuration offers, in the order of the version documents.
 * @see glance `api/versions.py`
 */
export function offeredMinors(config: VersionConfig): number[] {
  const minors: number[] = []
  for (let minor = newestMinor; minor >= 0; minor -= 1) {
    if (cacheMinors.has(minor) && !config.cacheEnabled) continue
    if (storeMinors.has(minor) && !config.multiStore) continue
    minors.push(minor)
  }
  return config.cacheEnabled ? minors : inTheirOrder(minors)
}

/** Without a cache, the reference names 2.17 between the versions of stores and those before. */
function inTheirOrder(minors: readonly number[]): number[] {
  const late = minors.filter((minor) => minor === 17)
  const others = minors.filter((minor) => minor !== 17)
  const at = others.indexOf(7)
  return [...others.slice(0, at), ...late, ...others.slice(at)]
}

/**
 * Makes the function that rewrites a request's URL so that version negotiation is done before routing:
 * `/v2`, `/v2.0` ... `/v2.n` lead to `/v2`, `/versions...` to `/versions`, the health path stays, and anything else leads
 * to `/`, the list of choices. `Accept: application/vnd.openstack.images-v2.n` counts before the path.
 * @see glance `api/middleware/version_negotiation.py`
 */
export function versionRewriter(config: VersionConfig, healthPath: string) {
  const allowed = new Set(['v2', ...offeredMinors(config).map((minor) => `v2.${minor}`)])
  return (url: string, accept: string | undefined): string => {
    if (url.startsWith('/v2/') && url[4] !== '/' && !accept?.startsWith(vendorType)) return url
    const mark = url.indexOf('?')
    const path = mark === -1 ? url : url.slice(0, mark)
    if (path === healthPath) return url
    const trimmed = path.replace(/^\/+/, '')
    const end = trimmed.indexOf('/')
    const first = end === -1 ? trimmed : trimmed.slice(0, end)
    if (first === 'versions') return '/versions'
    const asked = accept?.startsWith(vendorType) ? accept.slice(vendorType.length) : first
    if (!allowed.has(asked)) return '/'
    const rest = accept?.startsWith(vendorType)
      ? `/${trimmed}`
      : end === -1
        ? ''
        : trimmed.slice(end).replace(/^\/+/, '/')
    return `/v2${rest}${mark === -1 ? '' : url.slice(mark)}`
  }
}

const vendorType = 'application/vnd.openstack.images-'

function versionDocument(minors: readonly number[], base: string): string {
  const links = [{ rel: 'self', href: `${base.replace(/\/+$/, '')}/v2/` }]
  const newest = Math.max(...minors)
  const versions = minors.map((minor) => ({
    id: `v2.${minor}`,
    status: minor === newest ? 'CURRENT' : 'SUPPORTED',
    links,
  }))
  return JSON.stringify({ versions })
}

/** Serves `/` (300) and `/versions` (200), for every method and without authentication. */
export function versionRoutes(
  app: FastifyInstance,
  options: VersionConfig & { readonly origin: (request: FastifyRequest) => Origin },
): void {
  const minors = offeredMinors(options)
  const answer = (status: number) => (request: FastifyRequest, reply: FastifyReply) => {
    const { scheme, host, prefix } = options.origin(request)
    return sendJson(reply, versionDocument(minors, options.publicEndpoint ?? `${scheme}://${host}${prefix}`), status)
  }
  app.all('/', { config: { public: true } }, answer(300))
  app.all('/versions', { config: { public: true } }, answer(200))
}
