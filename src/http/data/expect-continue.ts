import type { IncomingMessage, Server, ServerResponse } from 'node:http'

const waiting = new WeakSet<ServerResponse>()

/**
 * Leaves it to the routes of image data to answer `Expect: 100-continue`: they ask for the body with `askForBody` when
 * all that can be checked without it is checked. Other requests are told to go on at once.
 * `isDeferred` says from the URL which requests wait.
 */
export function deferContinue(server: Server, isDeferred: (request: IncomingMessage) => boolean): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (isDeferred(request)) waiting.add(response)
    else response.writeContinue()
    server.emit('request', request, response)
  })
}

/** Tells a client that waits for it to send the body. */
export function askForBody(response: ServerResponse): void {
  if (waiting.delete(response)) response.writeContinue()
}
