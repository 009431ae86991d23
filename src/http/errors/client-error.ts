import type { Socket } from 'node:net'
import { GlimpseError } from '../../errors/error.ts'
import { renderError } from './render.ts'

interface ParserError extends Error {
  readonly code?: string | undefined
  /** What was received last. */
  readonly rawPacket?: unknown
}

function toGlimpseError(error: ParserError): GlimpseError {
  if (error.code === 'HPE_HEADER_OVERFLOW') {
    const inRequestLine = Buffer.isBuffer(error.rawPacket) && !error.rawPacket.includes('\n')
    return inRequestLine ? new GlimpseError('uri_too_long', {}) : new GlimpseError('header_fields_too_large', {})
  }
  if (error.code === 'HPE_INVALID_METHOD') {
    const method =
      Buffer.isBuffer(error.rawPacket) && /^[A-Za-z-]{1,32}(?= )/.exec(error.rawPacket.toString('latin1'))?.[0]
    if (method) return new GlimpseError('not_implemented', { method })
  }
  return new GlimpseError('bad_request', { reason: 'The request is no valid HTTP.' }, { cause: error })
}

/** Answers what Node's parser refuses before there is a request, and closes the connection. */
export function answerClientError(error: ParserError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const known = toGlimpseError(error)
  const { title, contentType, body } = renderError(known.status, known.message, undefined)
  socket.end(
    `HTTP/1.1 ${known.status} ${title}\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
