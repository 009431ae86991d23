import type { FastifyReply, FastifyRequest } from 'fastify'
import { GlimpseError } from '../../errors/error.ts'

/** Longest URL that is taken; the reference's server has the same limit. */
export const maxUrlLength = 8192

function hasLineAbove(rawHeaders: readonly string[], length: number): boolean {
  for (let index = 1; index < rawHeaders.length; index += 2) {
    if ((rawHeaders[index] as string).length > length) return true
  }
  return false
}

/** Refuses URLs above `maxUrlLength` and header lines above `maxHeaderLine` characters. */
export function limitsHook(maxHeaderLine: number) {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    if ((request.raw.url?.length ?? 0) > maxUrlLength) done(new GlimpseError('uri_too_long', {}))
    else if (hasLineAbove(request.raw.rawHeaders, maxHeaderLine)) done(new GlimpseError('header_fields_too_large', {}))
    else done()
  }
}
