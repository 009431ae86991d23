import { isUtf8 } from 'node:buffer'
import type { FastifyRequest } from 'fastify'
import { GlimpseError } from '../errors/error.ts'

export type JsonObject = Readonly<Record<string, unknown>>

function bytesOf(request: FastifyRequest): Buffer | undefined {
  return Buffer.isBuffer(request.body) && request.body.length > 0 ? request.body : undefined
}

/**
 * The JSON of a request's body, whatever its content type says: an object or an array.
 * @throws bad_request without a body, with anything that is not JSON in UTF-8, or with a bare value
 * @see glance `wsgi.JSONRequestDeserializer`
 */
export function readJson(request: FastifyRequest): JsonObject | readonly unknown[] {
  const bytes = bytesOf(request)
  if (!bytes) throw new GlimpseError('bad_request', { reason: 'Body expected in request.' })
  let value: unknown
  try {
    if (!isUtf8(bytes)) throw new SyntaxError('not UTF-8')
    value = JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new GlimpseError('bad_request', { reason: 'Malformed JSON in request body.' }, { cause })
  }
  if (typeof value !== 'object' || value === null) {
    throw new GlimpseError('bad_request', { reason: 'Unexpected body type. Expected list/dict.' })
  }
  return value as JsonObject | readonly unknown[]
}

/** @throws bad_request if the request brings a body where none is expected */
export function refuseBody(request: FastifyRequest): void {
  const { headers } = request
  const chunked = headers['transfer-encoding'] !== undefined && request.method !== 'DELETE' && request.method !== 'GET'
  if (chunked || Number(headers['content-length'] ?? 0) > 0) {
    throw new GlimpseError('bad_request', { reason: 'A body is not expected with this request.' })
  }
}

/** True if `value` is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
