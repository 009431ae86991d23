import type { Target } from './deployment.ts'
import { expectJson, expectStatus, type HttpAnswer, type HttpRequest } from './http.ts'
import type { Persona } from './personas.ts'

/** An image as the API shows it; custom properties stand beside the base ones. */
export interface Image {
  readonly id: string
  readonly status: string
  readonly owner: string
  readonly size: number | null
  readonly checksum: string | null
  readonly os_hash_value: string | null
  readonly tags: readonly string[]
  readonly [property: string]: unknown
}

export interface ImagePage {
  readonly images: readonly Image[]
  readonly first: string
  readonly next?: string
}

/** The Images API as one persona uses it; each call fails unless the answer has the status of success. */
export class ImagesClient {
  readonly #deployment: Target
  readonly #persona: Persona

  constructor(deployment: Target, persona: Persona) {
    this.#deployment = deployment
    this.#persona = persona
  }

  send(request: HttpRequest): Promise<HttpAnswer> {
    return this.#deployment.request(this.#persona, request)
  }

  async create(body: Readonly<Record<string, unknown>>): Promise<Image> {
    return expectJson(await this.sendJson('POST', '/v2/images', body), 201)
  }

  /** Makes an active image in raw format. */
  async createWithData(body: Readonly<Record<string, unknown>>, data: string | Buffer): Promise<Image> {
    const image = await this.create({ disk_format: 'raw', container_format: 'bare', ...body })
    await this.upload(image.id, data)
    return this.show(image.id)
  }

  async show(id: string): Promise<Image> {
    return expectJson(await this.send({ method: 'GET', path: `/v2/images/${id}` }), 200)
  }

  async list(query = ''): Promise<ImagePage> {
    return expectJson(await this.send({ method: 'GET', path: `/v2/images${query}` }), 200)
  }

  /** Applies operations of the current patch dialect. */
  async patch(id: string, operations: readonly unknown[]): Promise<Image> {
    const answer = await this.send({
      method: 'PATCH',
      path: `/v2/images/${id}`,
      headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
      body: JSON.stringify(operations),
    })
    return expectJson(answer, 200)
  }

  async delete(id: string): Promise<void> {
    expectStatus(await this.send({ method: 'DELETE', path: `/v2/images/${id}` }), 204)
  }

  async upload(id: string, data: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<void> {
    const answer = await this.send({
      method: 'PUT',
      path: `/v2/images/${id}/file`,
      headers: { 'content-type': 'application/octet-stream', ...headers },
      body: data,
    })
    expectStatus(answer, 204)
  }

  async download(id: string): Promise<Buffer> {
    const answer = await this.send({ method: 'GET', path: `/v2/images/${id}/file` })
    expectStatus(answer, 200)
    return answer.body
  }

  async stage(id: string, data: string | Buffer): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' }
    expectStatus(await this.send({ method: 'PUT', path: `/v2/images/${id}/stage`, headers, body: data }), 204)
  }

  async import(id: string, order: Readonly<Record<string, unknown>>): Promise<void> {
    expectStatus(await this.sendJson('POST', `/v2/images/${id}/import`, order), 202)
  }

  async tasks(id: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const answer = await this.send({ method: 'GET', path: `/v2/images/${id}/tasks` })
    return expectJson<{ tasks: Readonly<Record<string, unknown>>[] }>(answer, 200).tasks
  }

  async addMember(id: string, member: string): Promise<void> {
    expectStatus(await this.sendJson('POST', `/v2/images/${id}/members`, { member }), 200)
  }

  async setMemberStatus(id: string, { member, status }: { member: string; status: string }): Promise<void> {
    expectStatus(await this.sendJson('PUT', `/v2/images/${id}/members/${member}`, { status }), 200)
  }

  async act(id: string, action: 'deactivate' | 'reactivate'): Promise<void> {
    expectStatus(await this.send({ method: 'POST', path: `/v2/images/${id}/actions/${action}` }), 204)
  }

  /** The answer, whatever its status. */
  sendJson(method: string, path: string, body: unknown): Promise<HttpAnswer> {
    const headers = { 'content-type': 'application/json' }
    return this.send({ method, path, headers, body: JSON.stringify(body) })
  }
}
