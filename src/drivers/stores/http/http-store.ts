import { readFile } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { Agent, type Dispatcher, interceptors, ProxyAgent, request } from 'undici'
import { GlimpseError } from '../../../errors/error.ts'
import type { BlobStore, ByteRange } from '../../../ports/blob-store.ts'
import { exactLength, skip } from '../length.ts'
import type { HttpStoreConfig } from './options.ts'

const schemes = ['http', 'https'] as const
const connectTimeoutMs = 30_000
const maxRedirects = 5

/**
 * Opens the store of data that lies on web servers; it can only be read.
 * @throws store_misconfigured if the file of certificates cannot be read
 * @see glance_store `_drivers/http.py`
 */
export async function openHttpStore(id: string, config: HttpStoreConfig): Promise<BlobStore> {
  const caPath = config.https_ca_certificates_file
  const ca = caPath === null ? undefined : await readCertificates(caPath, id)
  const tls = ca === undefined ? { rejectUnauthorized: !config.https_insecure } : { ca }
  const follow = interceptors.redirect({ maxRedirections: maxRedirects })
  const open = (scheme: string): Dispatcher => {
    const proxy = config.http_proxy_information[scheme]
    if (proxy === undefined) return new Agent({ connect: { ...tls, timeout: connectTimeoutMs } }).compose(follow)
    const uri = proxy.includes('://') ? proxy : `http://${proxy}`
    return new ProxyAgent({ uri, requestTls: { ...tls, timeout: connectTimeoutMs } }).compose(follow)
  }
  return new HttpStore(id, { http: open('http'), https: open('https') })
}

class HttpStore implements BlobStore {
  readonly id: string
  readonly schemes = schemes
  readonly capabilities = { randomRead: true } as const
  readonly #dispatchers: Readonly<Record<'http' | 'https', Dispatcher>>

  constructor(id: string, dispatchers: Readonly<Record<'http' | 'https', Dispatcher>>) {
    this.id = id
    this.#dispatchers = dispatchers
  }

  async open(url: string, options: { range?: ByteRange; signal?: AbortSignal }): Promise<Readable> {
    const { offset = 0, length } = options.range ?? {}
    const last = length === undefined ? '' : String(offset + length - 1)
    const headers = options.range === undefined ? {} : { range: `bytes=${offset}-${last}` }
    const response = await this.#ask(url, { method: 'GET', headers, ...signalOf(options) })
    // A server that knows no ranges sends everything; what lies before is read and dropped.
    const body = response.statusCode === 206 ? response.body : skip(response.body, offset)
    const announced = Number(response.headers['content-length'] ?? Number.NaN)
    const available = response.statusCode === 206 ? announced : announced - offset
    const expectedBytes = length ?? (Number.isFinite(available) ? available : undefined)
    return expectedBytes === undefined ? body : exactLength(body, { storeId: this.id, expectedBytes })
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
    const dispatcher = this.#dispatchers[url.startsWith('https:') ? 'https' : 'http']
    let response: Dispatcher.ResponseData
    try {
      response = await request(url, { ...options, dispatcher })
    } catch (cause) {
      options.signal?.throwIfAborted()
      // The URL may hold credentials: it is not repeated.
      const reason = (cause as NodeJS.ErrnoException).code ?? 'the server does not answer'
      throw new GlimpseError('store_unavailable', { store: this.id, reason }, { cause })
    }
    const { statusCode } = response
    if (statusCode === 200 || statusCode === 206) return response
    await response.body.dump()
    if (statusCode === 404) throw new GlimpseError('blob_not_found', { store: this.id })
    throw new GlimpseError('store_unavailable', { store: this.id, reason: `the server answers ${statusCode}` })
  }
}

async function readCertificates(path: string, storeId: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const reason = `https_ca_certificates_file ${path} cannot be read`
    throw new GlimpseError('store_misconfigured', { store: storeId, reason }, { cause })
  }
}

function signalOf({ signal }: { signal?: AbortSignal }): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
