import type { IncomingMessage, ServerResponse } from 'node:http'

/** A client that has not stopped sending by then meets a reset. */
const lingerMs = 5_000

/**
 * Lets a client see an answer that comes before its body was read. The connection ends after the answer, but what the
 * client still sends is thrown away for a while: closing at once would reset it, and the answer could be lost.
 */
export function lingerAfter(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || response.headersSent) return
  const { socket } = request
  response.setHeader('connection', 'close')
  socket.destroySoon = () => {
    const timer = setTimeout(() => socket.destroy(), lingerMs)
    socket.once('close', () => clearTimeout(timer))
    request.once('end', () => socket.destroy())
    request.resume()
    socket.end()
  }
}
