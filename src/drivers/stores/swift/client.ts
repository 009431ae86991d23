import type { Readable } from 'node:stream'
import { type Dispatcher, request } from 'undici'
import { GlimpseError } from '../../../errors/error.ts'
import type { Credentials } from './credentials.ts'
import { describeNetworkError } from './errors.ts'
import type { ObjectPlace } from './location.ts'

type Headers = Readonly<Record<string, string>>

export interface Answer {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
}

interface Call {
  readonly method: 'HEAD' | 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Empty: the account itself. */
  readonly container: string
  readonly object?: string
  readonly query?: string
  readonly headers?: Headers
  /** A stream is sent once: a token that is refused with it is not replaced. */
  readonly body?: Buffer | Readable
  readonly signal?: AbortSignal
}

export interface SwiftClientOptions {
  readonly dispatcher: Dispatcher
  readonly storeId: string
  /** URL of the account, without a slash at the end. */
  readonly storageUrl: string
  readonly credentials: Credentials
}

export interface ListOptions {
  readonly prefix: string
  readonly signal?: AbortSignal
}

/** An object, or a container. */
export interface Listed {
  readonly name: string
  readonly modifiedAt: Date
}

/** Swift's API in one account. Statuses that a caller does not expect, and networks that fail, are `store_unavailable`. */
export class SwiftClient {
  readonly #options: SwiftClientOptions

  constructor(options: SwiftClientOptions) {
    this.#options = options
  }

  /** Headers of the object; undefined if it is not there. */
  async headObject(
    place: ObjectPlace,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Answer['headers'] | undefined> {
    const { status, headers } = await this.#finish({ method: 'HEAD', ...place, ...(signal && { signal }) })
    if (status === 404) return undefined
    return status < 300 ? headers : this.#refuse(status)
  }

  /** @returns status 200, 206, 404 or 416 */
  async getObject(
    place: ObjectPlace,
    { range, signal }: { range?: string; signal?: AbortSignal },
  ): Promise<Answer & { readonly body: Readable }> {
    const headers = range === undefined ? {} : { range }
    const answer = await this.#send({ method: 'GET', ...place, headers, ...(signal && { signal }) })
    if (answer.statusCode === 200 || answer.statusCode === 206) {
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    }
    await answer.body.dump()
    if (answer.statusCode === 404 || answer.statusCode === 416) {
      return { status: answer.statusCode, headers: answer.headers, body: answer.body }
    }
    return this.#refuse(answer.statusCode)
  }

  /** @returns status 201, 404 if the container is not there, 412 if a condition does not hold. @throws storage_full, storage_write_denied */
  async putObject(
    place: ObjectPlace,
    { body, headers, signal }: { body?: Buffer | Readable; headers: Headers; signal?: AbortSignal },
  ): Promise<Answer> {
    const answer = await this.#finish({
      method: 'PUT',
      ...place,
      headers,
      ...(body && { body }),
      ...(signal && { signal }),
    })
    return [201, 202, 404, 412].includes(answer.status) ? answer : this.#refuseWrite(answer.status)
  }

  /** True if it was there. @throws storage_write_denied */
  async deleteObject(place: ObjectPlace, { query = '', signal }: { query?: string; signal?: AbortSignal } = {}) {
    const { status } = await this.#finish({ method: 'DELETE', ...place, query, ...(signal && { signal }) })
    if (status >= 300 && status !== 404) return this.#refuseWrite(status)
    return status !== 404
  }

  /** For a write that follows. @throws storage_write_denied */
  async hasContainer(container: string, { signal }: { signal?: AbortSignal } = {}): Promise<boolean> {
    const { status } = await this.#finish({ method: 'HEAD', container, ...(signal && { signal }) })
    return status < 300 || (status !== 404 && this.#refuseWrite(status))
  }

  /** Makes the container, if it is missing. @throws storage_write_denied */
  async putContainer(container: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { status } = await this.#finish({ method: 'PUT', container, ...(signal && { signal }) })
    if (status >= 300) this.#refuseWrite(status)
  }

  /** False if there is none. @throws storage_write_denied */
  async postContainer(container: string, { headers, signal }: { headers: Headers; signal?: AbortSignal }) {
    const { status } = await this.#finish({ method: 'POST', container, headers, ...(signal && { signal }) })
    return status < 300 || (status !== 404 && this.#refuseWrite(status))
  }

  /** Removes the container, if it is there and empty. */
  async deleteContainer(container: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const { status } = await this.#finish({ method: 'DELETE', container, ...(signal && { signal }) })
    if (status >= 300 && status !== 404 && status !== 409) this.#refuseWrite(status)
  }

  /** The container's objects that begin with `prefix`, page by page. */
  list(container: string, options: ListOptions): AsyncIterable<readonly Listed[]> {
    return this.#listed(container, options)
  }

  /** The account's containers that begin with `prefix`, page by page. */
  containers(options: ListOptions): AsyncIterable<readonly Listed[]> {
    return this.#listed('', options)
  }

  async *#listed(
    container: string,
    { prefix, signal }: ListOptions,
  ): AsyncGenerator<readonly Listed[], void, undefined> {
    let marker = ''
    for (;;) {
      const query = `?format=json&prefix=${encodeURIComponent(prefix)}&marker=${encodeURIComponent(marker)}`
      const { statusCode, body } = await this.#send({ method: 'GET', container, query, ...(signal && { signal }) })
      const text = await body.text()
      if (statusCode === 404 || statusCode === 204) return
      if (statusCode >= 300) return this.#refuse(statusCode)
      const found = JSON.parse(text) as { name: string; last_modified?: string }[]
      const last = found.at(-1)
      if (last === undefined) return
      // In UTC, without saying so.
      yield found.map(({ name, last_modified: at = '' }) => ({ name, modifiedAt: new Date(`${at}Z`) }))
      marker = last.name
    }
  }

  async #finish(call: Call): Promise<Answer> {
    const { statusCode, headers, body } = await this.#send(call)
    await body.dump()
    return { status: statusCode, headers }
  }

  async #send(call: Call): Promise<Dispatcher.ResponseData> {
    const { credentials } = this.#options
    for (;;) {
      const token = await credentials.token()
      const answer = await this.#ask(call, token)
      const { statusCode: status } = answer
      const canRepeat = call.body === undefined || Buffer.isBuffer(call.body)
      if ((status !== 401 && status !== 403) || !canRepeat) return answer
      if (!(await credentials.replace(token, status))) return answer
      await answer.body.dump()
    }
  }

  async #ask(call: Call, token: string): Promise<Dispatcher.ResponseData> {
    const { storageUrl, dispatcher } = this.#options
    const path = [call.container, ...(call.object === undefined ? [] : [call.object])].map(encodeURIComponent).join('/')
    try {
      return await request(`${storageUrl}${path === '' ? '' : `/${path}`}${call.query ?? ''}`, {
        method: call.method,
        dispatcher,
        headers: { ...call.headers, 'x-auth-token': token },
        ...(call.body !== undefined && { body: call.body }),
        ...(call.signal && { signal: call.signal }),
      })
    } catch (error) {
      call.signal?.throwIfAborted()
      if (error instanceof GlimpseError) throw error
      const params = { store: this.#options.storeId, reason: describeNetworkError(error) }
      throw new GlimpseError('store_unavailable', params, { cause: error })
    }
  }

  #refuseWrite(status: number): never {
    const store = this.#options.storeId
    if (status === 401 || status === 403) throw new GlimpseError('storage_write_denied', { store })
    if (status === 413 || status === 507) throw new GlimpseError('storage_full', { store })
    return this.#refuse(status)
  }

  #refuse(status: number): never {
    if (status === 401 || status === 403) {
      throw new GlimpseError('forbidden', { reason: `Store ${this.#options.storeId} refuses access to the data.` })
    }
    throw new GlimpseError('store_unavailable', { store: this.#options.storeId, reason: `Swift answers ${status}` })
  }
}
