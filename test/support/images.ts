import assert from 'node:assert/strict'
import type { Service } from './service.ts'

/** What the tests look at in an image. */
export interface ShownImage {
  readonly id: string
  readonly status: string
  readonly size: number | null
  readonly stores?: string
  readonly locations?: readonly { readonly url: string; readonly metadata: Record<string, unknown> }[]
}

const octets = { 'content-type': 'application/octet-stream' }

/** Images of a service without authentication. */
export class Images {
  readonly #url: string

  constructor({ url }: Service) {
    this.#url = url
  }

  async create(): Promise<string> {
    const created = await fetch(`${this.#url}/v2/images`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ disk_format: 'raw', container_format: 'bare' }),
    })
    assert.equal(created.status, 201)
    return ((await created.json()) as { id: string }).id
  }

  /** @returns the answer, read to its end. `store`: `X-Image-Meta-Store`. `streamed`: without a length. */
  async upload(
    id: string,
    data: Uint8Array<ArrayBuffer>,
    { store, streamed = false }: { store?: string; streamed?: boolean } = {},
  ): Promise<number> {
    const response = await fetch(`${this.#url}/v2/images/${id}/file`, {
      method: 'PUT',
      headers: { ...octets, ...(store === undefined ? {} : { 'x-image-meta-store': store }) },
      body: streamed ? new Blob([data]).stream() : data,
      ...(streamed ? { duplex: 'half' } : {}),
    } as RequestInit)
    await response.arrayBuffer()
    return response.status
  }

  async createWithData(data: Uint8Array<ArrayBuffer>, options: { store?: string; streamed?: boolean } = {}) {
    const id = await this.create()
    assert.equal(await this.upload(id, data, options), 204)
    return this.show(id)
  }

  async show(id: string): Promise<ShownImage> {
    const response = await fetch(`${this.#url}/v2/images/${id}`)
    assert.equal(response.status, 200)
    return (await response.json()) as ShownImage
  }

  /** The answer as it comes. */
  get(id: string, { range, prefer }: { range?: string; prefer?: string } = {}): Promise<Response> {
    const query = prefer === undefined ? '' : `?prefer=${prefer}`
    return fetch(`${this.#url}/v2/images/${id}/file${query}`, range === undefined ? {} : { headers: { range } })
  }

  async download(id: string, options: { range?: string; prefer?: string } = {}): Promise<Buffer> {
    const response = await this.get(id, options)
    assert.ok(response.ok, `${response.status}`)
    return Buffer.from(await response.arrayBuffer())
  }

  async addLocation(
    id: string,
    location: { url: string; metadata: object; validation_data?: object },
  ): Promise<number> {
    const response = await fetch(`${this.#url}/v2/images/${id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
      body: JSON.stringify([{ op: 'add', path: '/locations/-', value: location }]),
    })
    await response.arrayBuffer()
    return response.status
  }

  async delete(id: string): Promise<number> {
    const response = await fetch(`${this.#url}/v2/images/${id}`, { method: 'DELETE' })
    await response.arrayBuffer()
    return response.status
  }

  async storeDetails(): Promise<Record<string, unknown>[]> {
    const response = await fetch(`${this.#url}/v2/info/stores/detail`)
    return ((await response.json()) as { stores: Record<string, unknown>[] }).stores
  }
}
