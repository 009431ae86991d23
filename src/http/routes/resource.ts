import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, RouteHandlerMethod } from 'fastify'
import { GlimpseError } from '../../errors/error.ts'

/** What a resource answers to, method by method; the order is that of its `Allow` header. */
export type Handlers = Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', RouteHandlerMethod>>

/** An empty part of a path is no name: `/images/` is nothing. */
function requireParams(request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  const params = request.params as Readonly<Record<string, string>>
  for (const name in params) {
    if (params[name] === '')
      return void done(new GlimpseError('not_found', { reason: 'The resource could not be found.' }))
  }
  done()
}

/**
 * Serves `url`: the methods of `handlers`, and 405 with `Allow` for all others. There is no HEAD beside GET, as in the
 * reference.
 * @see glance `api/v2/router.py`, `wsgi.RejectMethodController`
 */
export function resource(app: FastifyInstance, url: string, handlers: Handlers): void {
  const allowed = Object.keys(handlers) as HTTPMethods[]
  for (const [method, handler] of Object.entries(handlers)) {
    app.route({ method: method as HTTPMethods, url, handler, onRequest: requireParams })
  }
  const refused = app.supportedMethods.filter((method) => method !== 'OPTIONS' && !allowed.includes(method))
  const allow = allowed.join(', ')
  app.route({
    method: refused,
    url,
    onRequest: requireParams,
    handler: (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('allow', allow)
      throw new GlimpseError('method_not_allowed', { method: request.method })
    },
  })
}
