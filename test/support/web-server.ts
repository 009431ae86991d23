import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface WebServer extends AsyncDisposable {
  /** Without a slash at the end; the host is 127.0.0.1. */
  readonly url: string
  /** Methods and paths of all requests so far. */
  readonly requests: readonly string[]
}

/** Serves files by their path (`/name`) on a port of its own; what is not there is 404, and a function answers for itself. */
export async function startWebServer(
  files: Readonly<Record<string, string | Buffer | RequestListener>>,
): Promise<WebServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    const file = files[request.url ?? '']
    if (typeof file === 'function') return file(request, response)
    if (file === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-length': Buffer.byteLength(file) })
    response.end(request.method === 'HEAD' ? undefined : file)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
