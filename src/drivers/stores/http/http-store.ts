import { unescape as percentDecoded } from 'node:querystring'
import { Readable } from 'node:stream'
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'
import { GlimpseError } from '../../../errors/error.ts'
import type { BlobStore, ByteRange } from '../../../ports/blob-store.ts'
import { type AddressRules, guardedConnector, isRefusedHost } from '../../fetch/address-guard.ts'
import { readCaCertificates } from '../ca-certificates.ts'
import { exactLength, skip } from '../length.ts'
import type { HttpStoreConfig } from './options.ts'

const schemes = ['http', 'https'] as const
const connectTimeoutMs = 30_000
const maxRedirects = 5

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** What of the web may be read. */
export interface WebRules extends AddressRules {
  /** Whether a server may send the service on to `url`, which nobody has looked at. */
  follows(url: string): boolean
}

/**
 * Opens the store of data that lies on web servers; it can only be read.
 * @throws store_misconfigured if the file of certificates cannot be read
 * @see glance_store `_drivers/http.py`
 */
export async function openHttpStore(id: string, config: HttpStoreConfig, rules: WebRules): Promise<BlobStore> {
  const caPath = config.https_ca_certificates_file
  const ca =
    caPath === null ? undefined : await readCaCertificates(caPath, { option: 'https_ca_certificates_file', store: id })
  const tls = ca === undefined ? { rejectUnauthorized: !config.https_insecure } : { ca }
  const options = { ...tls, timeout: connectTimeoutMs }
  const open = (scheme: string): Dispatcher => {
    const proxy = config.http_proxy_information[scheme]
    if (proxy === undefined) return new Agent({ connect: guardedConnector(options, rules) })
    const uri = proxy.includes('://') ? proxy : `http://${proxy}`
    return new ProxyAgent({ uri, requestTls: options })
  }
  return new HttpStore(id, { dispatchers: { http: open('http'), https: open('https') }, rules })
}

class HttpStore implements BlobStore {
  readonly id: string
  readonly schemes = schemes
  readonly capabilities = { randomRead: true, manyServers: true } as const
  readonly #dispatchers: Readonly<Record<'http' | 'https', Dispatcher>>
  readonly #rules: WebRules

  constructor(
    id: string,
    { dispatchers, rules }: { dispatchers: Readonly<Record<'http' | 'https', Dispatcher>>; rules: WebRules },
  ) {
    this.id = id
    this.#dispatchers = dispatchers
    this.#rules = rules
  }

  async open(url: string, options: { range?: ByteRange; signal?: AbortSignal }): Promise<Readable> {
    const { offset = 0, length } = options.range ?? {}
    if (length === 0) {
      await this.size(url, options)
      return Readable.from([])
    }
    const last = length === undefined ? '' : String(offset + length - 1)
    const headers = options.range === undefined ? {} : { range: `bytes=${offset}-${last}` }
    const { statusCode, headers: answer, body } = await this.#ask(url, { method: 'GET', headers, ...signalOf(options) })
    const contentRange = String(answer['content-range'] ?? '')
    const announced = Number(answer['content-length'] ?? Number.NaN)
    // A server that knows no ranges sends everything; what lies before is read and dropped.
    const available = statusCode === 206 ? announced : announced - offset
    if (statusCode === 416 || available < 0) {
      await body.dump()
      // The end of the data is an empty range, which the web does not know.
      if (length === undefined && contentRange === `bytes */${offset}`) return Readable.from([])
      throw new GlimpseError('blob_truncated', { store: this.id, expectedBytes: length ?? 1, readBytes: 0 })
    }
    if (statusCode === 206 && !contentRange.startsWith(`bytes ${offset}-`)) {
      await body.dump()
      throw this.#unavailable('the server sends another range than asked for')
    }
    const data = statusCode === 206 ? body : skip(body, offset)
    const expectedBytes = length ?? (Number.isFinite(available) ? available : undefined)
    return expectedBytes === undefined ? data : exactLength(data, { storeId: this.id, expectedBytes })
  }

  async size(url: string, options: { signal?: AbortSignal } = {}): Promise<number> {
    const response = await this.#ask(url, { method: 'HEAD', headers: {}, ...signalOf(options) })
    await response.body.dump()
    return Number(response.headers['content-length'] ?? 0)
  }

  async close(): Promise<void> {
    await Promise.all(Object.values(this.#dispatchers).map((dispatcher) => dispatcher.destroy()))
  }

  async #ask(
    url: string,
    options: { method: 'GET' | 'HEAD'; headers: Record<string, string>; signal?: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    let target = parse(url)
    if (target === undefined) throw new GlimpseError('blob_not_found', { store: this.id })
    const first = target.origin
    for (let hops = 0; hops <= maxRedirects; hops += 1) {
      const response = await this.#send(target, { ...options, headers: { ...options.headers, ...accountOf(target) } })
      const { statusCode, headers } = response
      if (statusCode === 200 || statusCode === 206) return response
      if (statusCode === 416 && 'range' in options.headers) return response
      await response.body.dump()
      if (statusCode === 404) throw new GlimpseError('blob_not_found', { store: this.id })
      if (!redirects.has(statusCode)) throw this.#unavailable(`the server answers ${statusCode}`)
      target = parse(String(headers.location ?? ''), target)
      if (target === undefined) throw this.#unavailable('the server sends on to what is no web server')
      if (target.origin !== first && !this.#rules.follows(target.href)) {
        throw this.#unavailable('the server sends on to an address that may not be fetched from')
      }
    }
    throw this.#unavailable(`the server sends on more than ${maxRedirects} times`)
  }

  async #send(
    target: URL,
    options: { method: 'GET' | 'HEAD'; headers: Record<string, string>; signal?: AbortSignal },
  ): Promise<Dispatcher.ResponseData> {
    // A proxy connects to whatever it is told: an address in plain sight is judged here.
    if (isRefusedHost(target.hostname, this.#rules)) throw this.#unavailable('the address may not be fetched from')
    const dispatcher = this.#dispatchers[target.protocol === 'https:' ? 'https' : 'http']
    try {
      return await request(`${target.origin}${target.pathname}${target.search}`, { ...options, dispatcher })
    } catch (cause) {
      options.signal?.throwIfAborted()
      // The URL may hold credentials: it is not repeated.
      throw this.#unavailable((cause as NodeJS.ErrnoException).code ?? 'the server does not answer', cause)
    }
  }

  #unavailable(reason: string, cause?: unknown): GlimpseError {
    return new GlimpseError('store_unavailable', { store: this.id, reason }, { cause })
  }
}

/** Undefined for what is no address of a web server. */
function parse(url: string, base?: URL): URL | undefined {
  const target = URL.parse(url, base)
  const isWhole = base !== undefined || /^https?:\/\/./.test(url)
  return isWhole && target !== null && /^https?:$/.test(target.protocol) ? target : undefined
}

/** The account that a URL names. */
function accountOf({ username, password }: URL): { authorization?: string } {
  if (username === '' && password === '') return {}
  const account = `${percentDecoded(username)}:${percentDecoded(password)}`
  return { authorization: `Basic ${Buffer.from(account).toString('base64')}` }
}

function signalOf({ signal }: { signal?: AbortSignal }): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
