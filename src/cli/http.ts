import { readFile } from 'node:fs/promises'
import { STATUS_CODES } from 'node:http'
import type { Readable } from 'node:stream'
import { type Dispatcher, EnvHttpProxyAgent } from 'undici'
import type { Settings } from './settings.ts'

export interface HttpRequest {
  readonly method: Dispatcher.HttpMethod
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Readable
  readonly signal?: AbortSignal
  /** Longest wait for an answer once the request is sent; 0 is for ever. */
  readonly headersTimeoutMs?: number
}

/** An answer that is not the one asked for; the message is for people. */
export class HttpFailure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** HTTP with the trust of the settings and the proxies of the environment. */
export class Http {
  readonly #dispatcher: Dispatcher

  private constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  static async open(settings: Pick<Settings, 'cacert' | 'cert' | 'key' | 'verify'>): Promise<Http> {
    const { cacert, cert, key, verify } = settings
    const trust = {
      rejectUnauthorized: verify,
      ...(cacert && { ca: await readFile(cacert) }),
      ...(cert && { cert: await readFile(cert), key: await readFile(key ?? cert) }),
    }
    return new Http(new EnvHttpProxyAgent({ connect: trust, requestTls: trust }))
  }

  /**
   * Sends the request and gives the answer, its body unread.
   * @throws HttpFailure for a status of 400 and above, and an Error that names the address if there is no answer.
   */
  async send(url: string, request: HttpRequest): Promise<Dispatcher.ResponseData> {
    const { method, headers, body, signal, headersTimeoutMs } = request
    let response: Dispatcher.ResponseData
    try {
      response = await this.#dispatcher.request({
        ...split(url),
        method,
        headers: { accept: '*/*', ...headers },
        body: body ?? null,
        ...(signal && { signal }),
        ...(headersTimeoutMs !== undefined && { headersTimeout: headersTimeoutMs }),
      })
    } catch (error) {
      if (signal?.aborted) throw error
      throw new Error(`No answer from ${url}: ${reason(error)}`, { cause: error })
    }
    if (response.statusCode < 400) return response
    const text = await response.body.text()
    const status = `${response.statusCode} ${STATUS_CODES[response.statusCode] ?? ''}`.trim()
    const said = plainText(text)
    throw new HttpFailure(response.statusCode, said && said !== status ? `${said} (HTTP ${status})` : `HTTP ${status}`)
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy()
  }
}

/** Why there was no answer, in words; undici often leaves them in the cause or only in a code. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ECONNREFUSED') return 'the connection was refused; is the service running?'
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0])
  return error.message || code || error.name
}

function split(url: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(url)
  return { origin, path: pathname + search }
}

/** What the body of an error says: Glance answers in HTML, Keystone and proxies in JSON or plain text. */
export function plainText(body: string): string {
  try {
    const json = JSON.parse(body) as { message?: string; error?: { message?: string } }
    const message = json.error?.message ?? json.message
    if (message) return message
  } catch {
    // Not JSON.
  }
  const text = body.replace(/^[\s\S]*<\/h1>/i, '').replace(/<[^>]*>/g, ' ')
  const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'", amp: '&' }
  return text
    .replace(/&(lt|gt|quot|#39|#x27|amp);/g, (_, name: string) => entities[name] ?? '')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 500)
}
