import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { Agent, type Dispatcher, request } from 'undici'
import { GlimpseError } from '../../errors/error.ts'
import type { FetchedData, Fetcher, FetchFrom, FetchOptions } from '../../ports/fetcher.ts'
import { type AddressRules, guardedConnector, isLocalAddress, isRefusedHost } from './address-guard.ts'

/** What may be fetched. */
export interface FetchRules extends AddressRules {
  /** Whether the address may be fetched, by what is written in it. */
  follows(url: string): boolean
}

const connectTimeoutMs = 30_000
/** Without a byte. */
const idleTimeoutMs = 60_000
const longestFetchMs = 24 * 3_600_000
const mostRedirects = 5
/** Read before somebody asks for it: with less, the connection is stopped and started for every piece. */
const aheadBytes = 512 * 1024
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export function openWebFetcher(rules: FetchRules): Fetcher {
  return new WebFetcher(rules)
}

class WebFetcher implements Fetcher {
  readonly #rules: FetchRules
  readonly #agent: Agent

  constructor(rules: FetchRules) {
    this.#rules = rules
    this.#agent = new Agent({
      connect: guardedConnector({ timeout: connectTimeoutMs }, rules),
      headersTimeout: idleTimeoutMs,
      bodyTimeout: idleTimeoutMs,
    })
  }

  async check(url: string): Promise<void> {
    const host = this.#judge(url).hostname
    if (isIP(host) !== 0 || host.startsWith('[')) return
    let addresses: { address: string }[]
    try {
      addresses = await lookup(host, { all: true })
    } catch (cause) {
      throw new GlimpseError('url_refused', { url }, { cause })
    }
    const { trusts, refuses } = this.#rules
    if (trusts(host) || addresses.some(({ address }) => !isLocalAddress(address) && !refuses(address))) return
    throw new GlimpseError('url_refused', { url })
  }

  async open(url: string, { signal, headers = {}, from }: FetchOptions): Promise<FetchedData> {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(longestFetchMs)])
    let target = this.#judge(url)
    const first = target.origin
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const named = target.origin === first ? headers : {}
      const response = await this.#ask(target, { signal: bounded, headers: { ...named, ...rangeOf(from) } })
      if (!redirects.has(response.statusCode)) return dataOf(response, { url: target, from })
      await response.body.dump()
      target = this.#judge(absolute(String(response.headers.location ?? ''), target))
    }
    throw new GlimpseError('fetch_refused', { reason: `the server redirects more than ${mostRedirects} times` })
  }

  close(): Promise<void> {
    return this.#agent.destroy()
  }

  /** @throws url_refused */
  #judge(text: string): URL {
    const url = URL.parse(text)
    // What one reader drops or decodes may make another host of it for the next one.
    const isPlain = !/[\s\\\p{Cc}]/u.test(text) && /^https?:\/\/[^/?#@%]+([/?#]|$)/i.test(text)
    if (url === null || !isPlain || !this.#rules.follows(text) || isRefusedHost(url.hostname, this.#rules)) {
      throw new GlimpseError('url_refused', { url: text.replace(/\/\/[^/?#]*@/, '//') })
    }
    return url
  }

  async #ask(
    url: URL,
    options: { signal: AbortSignal; headers: Readonly<Record<string, string>> },
  ): Promise<Dispatcher.ResponseData> {
    const { signal } = options
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'glimpse', ...options.headers }
    try {
      return await request(url, { dispatcher: this.#agent, headers, signal, highWaterMark: aheadBytes })
    } catch (cause) {
      signal.throwIfAborted()
      const { code, message } = cause as NodeJS.ErrnoException
      if (code === 'EADDRREFUSED') throw new GlimpseError('url_refused', { url: url.host }, { cause })
      throw new GlimpseError('fetch_failed', { reason: code ?? message }, { cause })
    }
  }
}

/** The target of a redirect, as the server wrote it if it names a host. */
function absolute(location: string, base: URL): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location
  if (location.startsWith('//')) return base.protocol + location
  return URL.parse(location, base)?.href ?? location
}

function rangeOf(from: FetchFrom | undefined): Readonly<Record<string, string>> {
  if (from === undefined) return {}
  const condition = from.validator === null ? {} : { 'if-range': from.validator }
  return { range: `bytes=${from.offsetBytes}-`, ...condition }
}

async function dataOf(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  { url, from }: { url: URL; from: FetchFrom | undefined },
): Promise<FetchedData> {
  const validator = validatorOf(headers)
  if (statusCode === 200) {
    const length = headers['content-length']
    const sizeBytes = typeof length === 'string' && /^\d+$/.test(length) ? Number(length) : null
    return { body, sizeBytes, offsetBytes: 0, validator }
  }
  const part = statusCode === 206 ? partOf(headers['content-range']) : undefined
  if (part && part.offsetBytes === from?.offsetBytes) return { body, ...part, validator }
  await body.dump()
  const isPassing = statusCode >= 500 || [206, 408, 416, 429].includes(statusCode)
  throw new GlimpseError(isPassing ? 'fetch_failed' : 'fetch_refused', {
    reason: `${url.host} answers with status ${statusCode}`,
  })
}

/** Undefined unless it goes to the end. */
function partOf(contentRange: unknown): { offsetBytes: number; sizeBytes: number } | undefined {
  const [, first, last, size] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(String(contentRange)) ?? []).map(Number)
  if (first === undefined || last === undefined || size === undefined || last + 1 !== size) return undefined
  return { offsetBytes: first, sizeBytes: size }
}

/**
 * What stands for exactly these bytes. A date does only if the data has rested since: within one second it may have
 * changed twice.
 * @see RFC 9110, 8.8.2.2 and 13.1.5
 */
function validatorOf({ etag, date, 'last-modified': modified }: Dispatcher.ResponseData['headers']): string | null {
  if (typeof etag === 'string') return etag.startsWith('"') ? etag : null
  if (typeof modified !== 'string' || typeof date !== 'string') return null
  return Date.parse(date) - Date.parse(modified) >= 1_000 ? modified : null
}
