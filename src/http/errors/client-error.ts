import type { Socket } from 'node:net'
import { GlimpseError } from '../../errors/error.ts'
import { renderError } from './render.ts'

interface ParserError extends Error {
  readonly code?: string | undefined
  /** What was received last. */
  readonly rawPacket?: unknown
}

function toGlimpseError(error: ParserError): GlimpseError {
  // The parser does not tell whether the request line or the header lines are to blame.
  if (error.code === 'HPE_HEADER_OVERFLOW') return new GlimpseError('header_fields_too_large', {})
  if (error.code === 'HPE_INVALID_METHOD') {
    const method =
      Buffer.isBuffer(error.rawPacket) && /^[A-Za-z-]{1,32}(?= )/.exec(error.rawPacket.toString('latin1'))?.[0]
    if (method) return new GlimpseError('not_implemented', { method })
  }
  return new GlimpseError('bad_request', { reason: 'The request is no valid HTTP.' }, { cause: error })
}

/** How long a refused client may go on sending before it is cut off. */
const lingerMs = 2000

/**
 * Answers what Node's parser refuses before there is a request, and closes the connection. What the client still sends
 * is thrown away for a while: closing at once would reset the connection, and the answer would be lost.
 */
export function answerClientError(error: ParserError, socket: Socket): void {
  if (socket.writableEnded) return
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const known = toGlimpseError(error)
  const { title, contentType, body } = renderError(known.status, known.message, undefined)
  socket.end(
    `HTTP/1.1 ${known.status} ${title}\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  socket.resume()
  socket.setTimeout(0)
  const linger = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(linger))
}
