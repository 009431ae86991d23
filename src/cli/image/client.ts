import type { Readable } from 'node:stream'
import { type Http, HttpFailure, type HttpRequest } from '../http.ts'
import type { Session } from '../session.ts'

/** An image as the API gives it: base attributes, and custom properties beside them. */
export interface Image {
  readonly id: string
  readonly name: string | null
  readonly status: string
  readonly size: number | null
  readonly tags: readonly string[]
  readonly checksum?: string | null
  readonly os_hash_algo?: string | null
  readonly os_hash_value?: string | null
  readonly [property: string]: unknown
}

export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

/** What gives the image these values. */
export function setOperations(image: Image, values: Readonly<Record<string, unknown>>): PatchOperation[] {
  return Object.entries(values).map(([key, value]) => ({
    op: Object.hasOwn(image, key) ? 'replace' : 'add',
    path: pointer(key),
    value,
  }))
}

/** @see RFC 6901 */
export function pointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** An ID, with or without hyphens. */
export const uuid = /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i
const pageSize = 1000

/** The Image API v2, as far as this client needs it. A token that has run out is renewed once per request. */
export class ImageClient {
  readonly #http: Http
  readonly #signal: AbortSignal
  readonly #renew: () => Promise<Session>
  #session: Session

  constructor(http: Http, options: { session: Session; renew: () => Promise<Session>; signal: AbortSignal }) {
    this.#http = http
    this.#session = options.session
    this.#renew = options.renew
    this.#signal = options.signal
  }

  /** All images that fit the query, page by page, at most `limit`. */
  async *list(query: URLSearchParams, options: { limit: number }): AsyncGenerator<Image> {
    let left = options.limit
    let page = new URLSearchParams(query)
    page.set('limit', String(Math.min(left, pageSize)))
    while (left > 0) {
      const body = await this.#json<{ images: Image[]; next?: string }>('GET', `/v2/images?${page}`)
      yield* body.images.slice(0, left)
      left -= body.images.length
      if (!body.next) return
      page = new URL(body.next, this.#session.endpoint).searchParams
    }
  }

  show(id: string): Promise<Image> {
    return this.#json('GET', imagePath(id))
  }

  /**
   * Finds the image with that ID or that name, hidden ones last.
   * @throws if there is none, or more than one of that name.
   */
  async find(idOrName: string): Promise<Image> {
    if (uuid.test(idOrName)) {
      try {
        return await this.show(idOrName)
      } catch (error) {
        if (!(error instanceof HttpFailure && error.status === 404)) throw error
      }
    }
    for (const hidden of ['false', 'true']) {
      const query = new URLSearchParams({ name: idOrName, os_hidden: hidden })
      const found = await Array.fromAsync(this.list(query, { limit: 2 }))
      if (found.length > 1) throw new Error(`More than one image is called ${idOrName}; give the ID.`)
      if (found[0]) return found[0]
    }
    throw new Error(`There is no image ${idOrName}.`)
  }

  create(attributes: Readonly<Record<string, unknown>>): Promise<Image> {
    return this.#json('POST', '/v2/images', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(attributes),
    })
  }

  update(id: string, operations: readonly PatchOperation[]): Promise<Image> {
    return this.#json('PATCH', imagePath(id), {
      headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
      body: JSON.stringify(operations),
    })
  }

  async act(id: string, action: 'deactivate' | 'reactivate'): Promise<void> {
    await (await this.#send('POST', `${imagePath(id)}/actions/${action}`)).body.dump()
  }

  /** Deletes the image, also when the command is being broken off. */
  async delete(id: string, options?: { signal: AbortSignal }): Promise<void> {
    await (await this.#send('DELETE', imagePath(id), options)).body.dump()
  }

  /** Sends the data of an image; `sizeBytes` undefined sends it chunked. The service may take long to store it. */
  async upload(id: string, body: Readable, options: { sizeBytes: number | undefined }): Promise<void> {
    const { sizeBytes } = options
    const headers = {
      'content-type': 'application/octet-stream',
      ...(sizeBytes !== undefined && { 'content-length': String(sizeBytes) }),
    }
    const response = await this.#send('PUT', `${imagePath(id)}/file`, { headers, body, headersTimeoutMs: 0 })
    await response.body.dump()
  }

  /** The data of an image from `offset` (bytes); `startBytes` is where it really starts, 0 if the service knows no ranges. */
  async download(id: string, options: { offset: number }): Promise<{ body: Readable; startBytes: number }> {
    const { offset } = options
    const headers = offset > 0 ? { range: `bytes=${offset}-` } : {}
    const response = await this.#send('GET', `${imagePath(id)}/file`, { headers })
    if (response.statusCode === 204) throw new HttpFailure(204, `Image ${id} has no data.`)
    if (response.statusCode !== 206) return { body: response.body, startBytes: 0 }
    const range = /^bytes (\d+)-/.exec(String(response.headers['content-range']))
    return { body: response.body, startBytes: range ? Number(range[1]) : offset }
  }

  async #json<T>(method: HttpRequest['method'], path: string, request: Partial<HttpRequest> = {}): Promise<T> {
    const response = await this.#send(method, path, request)
    const text = await response.body.text()
    try {
      return JSON.parse(text) as T
    } catch (error) {
      throw new Error(`${this.#session.endpoint} did not answer in JSON; is that an image service?`, { cause: error })
    }
  }

  async #send(method: HttpRequest['method'], path: string, request: Partial<HttpRequest> = {}) {
    const attempt = () => {
      const { endpoint, token } = this.#session
      const headers = { ...request.headers, ...(token && { 'x-auth-token': token }) }
      return this.#http.send(endpoint + path, { signal: this.#signal, ...request, method, headers })
    }
    try {
      return await attempt()
    } catch (error) {
      const canRepeat = request.body === undefined || typeof request.body === 'string'
      if (!(error instanceof HttpFailure && error.status === 401 && canRepeat)) throw error
      this.#session = await this.#renew()
      return await attempt()
    }
  }
}

function imagePath(id: string): string {
  return `/v2/images/${encodeURIComponent(id)}`
}
