import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface HttpRequest {
  readonly method: string
  /** Sent as it stands, with its query. */
  readonly path: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/**
 * Sends one request on a connection of its own and reads the whole answer. An answer that comes before the body is sent
 * counts. The body is sized unless the headers say `transfer-encoding: chunked`.
 */
export function send(url: string, { method, path, headers, body }: HttpRequest): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url)
    let answered = false
    const request = httpRequest({
      hostname,
      port,
      method,
      path,
      headers: { ...headers },
      agent: false,
      timeout: 30_000,
    })
    request.once('response', (response) => {
      answered = true
      buffer(response).then(
        (content) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: content }),
        reject,
      )
    })
    request.once('timeout', () => request.destroy(new Error(`${method} ${path}: no answer within 30 s`)))
    request.on('error', (error) => {
      if (!answered) reject(error)
    })
    const sized =
      body !== undefined && headers?.['transfer-encoding'] === undefined && headers?.['content-length'] === undefined
    if (sized) request.setHeader('content-length', Buffer.byteLength(body))
    request.end(body)
  })
}

/** The body as JSON. @throws with the answer's text if it is none, or if the status is not the expected one */
export function expectJson<T>(answer: HttpAnswer, status: number): T {
  expectStatus(answer, status)
  return JSON.parse(answer.body.toString('utf8')) as T
}

/** @throws with the answer's text if the status is another one */
export function expectStatus(answer: HttpAnswer, status: number): void {
  if (answer.status !== status) {
    throw new Error(`expected ${status}, got ${answer.status}: ${answer.body.toString('utf8').slice(0, 2000)}`)
  }
}
