import { METHODS } from 'node:http'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { GlimpseError } from '../errors/error.ts'
import type { AppDependencies } from './dependencies.ts'
import { answerClientError } from './errors/client-error.ts'
import { errorHandler } from './errors/handler.ts'
import { registerContext } from './plugins/context.ts'
import { corsHook } from './plugins/cors.ts'
import { healthcheckHandler } from './plugins/healthcheck.ts'
import { limitsHook, maxUrlLength } from './plugins/limits.ts'
import { registerObserve } from './plugins/observe.ts'
import { originOf } from './plugins/proxy.ts'
import { registerV2 } from './routes/v2.ts'
import { versionRewriter, versionRoutes } from './routes/versions.ts'

/** A percent sign without two digits stands for itself, as in the reference. */
function mendPercents(url: string): string {
  return url.includes('%') ? url.replace(/%(?![0-9a-f]{2})/gi, '%25') : url
}

/**
 * Fastify refuses bodies of a type that it cannot read before a route sees them. Here only some routes look at the type,
 * and none of them takes this one.
 */
function mendContentType(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  const type = request.headers['content-type']
  if (type !== undefined && !/^[\w.+-]+\/[\w.+-]+\s*(;|$)/.test(type))
    request.headers['content-type'] = 'unknown/unknown'
  done()
}

/** Methods that the reference knows; others are answered with 501. */
const implementedMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH'])

/**
 * Builds the service's HTTP side: plugins in order, then routes. It does not listen yet; `inject` works, as does
 * `listen({ port: 0 })`. Closing it leaves the dependencies open.
 * @throws if `schema-image.json` cannot be used
 */
export function createApp(deps: AppDependencies): FastifyInstance {
  const { config, log } = deps
  const versions = {
    cacheEnabled: config.cacheEnabled,
    multiStore: deps.stores.multiple,
    publicEndpoint: config.http.public_endpoint,
  }
  const parseProxyHeaders = config.proxy.enable_proxy_headers_parsing
  const origin = originOf({ parseProxyHeaders, secureProxySslHeader: config.sslHeader.secure_proxy_ssl_header })
  const rewrite = versionRewriter(versions, config.healthcheck.path)
  const onError = errorHandler(log)

  const app = Fastify({
    logger: false,
    bodyLimit: config.proxy.max_request_body_size,
    // Uploads last as long as they last; the idle time-out of connections is the server's.
    requestTimeout: 0,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    routerOptions: { maxParamLength: maxUrlLength },
    // Room for several lines of the greatest size; single lines are judged by the limits hook.
    http: { maxHeaderSize: 4 * config.http.max_header_line + 2 * maxUrlLength },
    rewriteUrl: (request) => rewrite(mendPercents(request.url ?? '/'), request.headers.accept),
    clientErrorHandler: answerClientError,
    frameworkErrors: onError,
    genReqId: () => '',
  })

  // Every method that Node can read, so that paths with a route answer 405 to it.
  for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  app.setErrorHandler(onError)
  app.removeAllContentTypeParsers()
  app.addHook('onRequest', mendContentType)
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  registerObserve(app, { log, metrics: deps.metrics, parseProxyHeaders })
  app.addHook('onRequest', corsHook(config.cors))
  registerContext(app, {
    identity: deps.identity,
    policy: deps.policy,
    maxRequestIdLength: config.maxRequestIdLength,
    allowAnonymousAccess: config.allowAnonymousAccess,
  })
  app.addHook('onRequest', limitsHook(config.http.max_header_line))
  app.setNotFoundHandler((request) => {
    if (!implementedMethods.has(request.method)) throw new GlimpseError('not_implemented', { method: request.method })
    throw new GlimpseError('not_found', { reason: 'The resource could not be found.' })
  })

  app.all(
    config.healthcheck.path,
    { config: { public: true } },
    healthcheckHandler(config.healthcheck, () => deps.stores.unavailable()),
  )
  versionRoutes(app, { ...versions, origin })
  registerV2(app, { deps, origin })
  return app
}
