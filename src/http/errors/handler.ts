import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { GlimpseError } from '../../errors/error.ts'
import type { Logger } from '../../ports/logger.ts'
import { renderError } from './render.ts'

/** Fastify's own refusals, said in our words. */
const frameworkErrors: Readonly<Record<string, () => GlimpseError>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: () =>
    new GlimpseError('request_too_large', { reason: 'The body of your request was too large for this server.' }),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new GlimpseError('bad_request', { reason: 'The body of the request does not have the length it announces.' }),
  FST_ERR_BAD_URL: () =>
    new GlimpseError('bad_request', { reason: 'The URL of the request contains characters that cannot be decoded.' }),
  FST_ERR_MAX_PARAM_LENGTH: () => new GlimpseError('uri_too_long', {}),
}

function toGlimpseError(error: unknown): GlimpseError {
  if (error instanceof GlimpseError) return error
  const code = (error as Partial<FastifyError> | null)?.code
  const known = code ? frameworkErrors[code] : undefined
  return known ? known() : new GlimpseError('internal', {}, { cause: error })
}

/** Sends an error that has no more to say than its status and message. Headers set before stay. */
export function sendError(request: FastifyRequest, reply: FastifyReply, error: GlimpseError): FastifyReply {
  const { title, contentType, body } = renderError(error.status, error.message, request.headers.accept)
  reply.raw.statusMessage = title
  reply.code(error.status)
  if (request.method === 'HEAD') {
    return reply.header('content-type', 'text/html; charset=UTF-8').header('content-length', '0').send()
  }
  return reply.header('content-type', contentType).send(Buffer.from(body))
}

/**
 * The one place where errors become responses. Errors of the catalogue keep status and text; anything else is a 500
 * without internals, logged with its cause. A response that has begun can only be cut off.
 */
export function errorHandler(log: Logger) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const known = toGlimpseError(error)
    if (known.status >= 500) {
      log.error({ err: error, requestId: request.id, method: request.method, path: pathOf(request.url) }, known.message)
    }
    if (reply.raw.headersSent) {
      reply.raw.destroy()
      return
    }
    sendError(request, reply, known)
  }
}

/** The path of a URL without its query, for logs. */
export function pathOf(url: string): string {
  const end = url.indexOf('?')
  return end === -1 ? url : url.slice(0, end)
}
