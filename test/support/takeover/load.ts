import { createHash, randomBytes, randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type HttpAnswer, type HttpRequest, send } from '../../acceptance/support/http.ts'
import type { Persona } from '../../acceptance/support/personas.ts'
import { renderFigures, type Sample } from './figures.ts'

/** An image that stays, with what must be read from it whoever serves. */
interface Kept {
  readonly id: string
  readonly data: Buffer
  /** Who took the upload. */
  readonly writer: string
}

interface Expectation extends HttpRequest {
  readonly as: Persona
  readonly status: number
}

const maxImageBytes = 256 * 1024
const raw = { disk_format: 'raw', container_format: 'bare' }
const json = { 'content-type': 'application/json' }
const patchType = { 'content-type': 'application/openstack-images-v2.1-json-patch' }

/**
 * Clients that create, upload, download, change, share and delete images at a steady pace, each at its own images, and note
 * every request. Each request is on a connection of its own and must succeed; what is read must be what was written.
 */
export class SteadyLoad {
  /** What samples are noted under. */
  phase = ''
  readonly samples: Sample[] = []
  /** How often an image that the first took was read whole from the second: `writer>reader`. */
  readonly crossings = new Map<string, number>()
  readonly #kept: Kept[] = []
  readonly #stop = new AbortController()
  readonly #options: {
    readonly url: string
    readonly owner: Persona
    readonly other: Persona
    readonly serverAt: (address: string) => string
    readonly pauseMs: number
  }
  #clients: Promise<unknown> = Promise.resolve()

  constructor(options: {
    url: string
    owner: Persona
    /** Whom images are shared with. */
    other: Persona
    /** Tells who serves at the address in the header `x-node`. */
    serverAt: (address: string) => string
    /** Of each client, between two requests. */
    pauseMs: number
  }) {
    this.#options = options
  }

  start({ clients }: { clients: number }): void {
    this.#clients = Promise.all(Array.from({ length: clients }, () => this.#client()))
  }

  /** Ends when what the clients are at has ended. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#clients
  }

  /** Reads every image that was kept so far. */
  async readAll(): Promise<void> {
    for (const kept of [...this.#kept]) await this.#read(kept, this.#options.owner).catch(() => undefined)
  }

  /** Requests, faults and times of each phase and server, as a table. */
  figures(): string {
    return renderFigures(this.samples)
  }

  async #client(): Promise<void> {
    for (let round = 0; !this.#stop.signal.aborted; round++) {
      try {
        await this.#lifeOfAnImage({ keep: round % 3 === 0 })
      } catch {
        // The fault is noted; the next round begins with another image.
      }
    }
  }

  async #lifeOfAnImage({ keep }: { keep: boolean }): Promise<void> {
    const { owner, other } = this.#options
    const name = `load-${randomBytes(8).toString('hex')}`
    const data = randomBytes(randomInt(1, maxImageBytes))
    const body = JSON.stringify({ name, visibility: 'shared', tags: ['load'], kind: 'steady', ...raw })
    const created = await this.#ask({ as: owner, method: 'POST', path: '/v2/images', headers: json, body, status: 201 })
    const { id } = JSON.parse(created.answer.body.toString()) as { id: string }
    const path = `/v2/images/${id}`
    const octets = { 'content-type': 'application/octet-stream' }
    const upload = { as: owner, method: 'PUT', path: `${path}/file`, headers: octets, body: data, status: 204 }
    const kept = { id, data, writer: (await this.#ask(upload)).server }

    const checksum = createHash('md5').update(data).digest('hex')
    await this.#show(path, { status: 'active', size: data.length, checksum, kind: 'steady' })
    await this.#read(kept, owner)
    const operations = [
      { op: 'replace', path: '/kind', value: 'changed' },
      { op: 'add', path: '/added', value: name },
    ]
    const patch = {
      as: owner,
      method: 'PATCH',
      path,
      headers: patchType,
      body: JSON.stringify(operations),
      status: 200,
    }
    await this.#ask(patch)
    await this.#ask({ as: owner, method: 'PUT', path: `${path}/tags/added`, status: 204 })
    await this.#show(path, { kind: 'changed', added: name, tags: ['added', 'load'] })

    const member = JSON.stringify({ member: other.projectId })
    await this.#ask({ as: owner, method: 'POST', path: `${path}/members`, headers: json, body: member, status: 200 })
    const accepted = JSON.stringify({ status: 'accepted' })
    const memberPath = `${path}/members/${other.projectId}`
    await this.#ask({ as: other, method: 'PUT', path: memberPath, headers: json, body: accepted, status: 200 })
    await this.#read(kept, other)
    await this.#list(name, id)
    const earlier = this.#kept[randomInt(0, this.#kept.length + 1)]
    if (earlier) await this.#read(earlier, owner)
    if (keep) return void this.#kept.push(kept)
    await this.#ask({ as: owner, method: 'DELETE', path: memberPath, status: 204 })
    await this.#ask({ as: owner, method: 'DELETE', path, status: 204 })
    await this.#ask({ as: owner, method: 'GET', path, status: 404 })
  }

  async #show(path: string, wanted: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#ask({ as: this.#options.owner, method: 'GET', path, status: 200 }, ({ body }) => {
      const image = JSON.parse(body.toString()) as Record<string, unknown>
      const shown = Object.fromEntries(Object.keys(wanted).map((key) => [key, image[key]]))
      if (Array.isArray(shown.tags)) shown.tags.sort()
      if (JSON.stringify(shown) !== JSON.stringify(wanted)) return `shows ${JSON.stringify(shown)}`
    })
  }

  async #list(name: string, id: string): Promise<void> {
    const path = `/v2/images?name=${name}&member_status=all`
    await this.#ask({ as: this.#options.owner, method: 'GET', path, status: 200 }, ({ body }) => {
      const { images } = JSON.parse(body.toString()) as { images: { id: string }[] }
      if (images.length !== 1 || images[0]?.id !== id) return `lists ${images.map((image) => image.id)}`
    })
  }

  async #read({ id, data, writer }: Kept, as: Persona): Promise<void> {
    const file = { as, method: 'GET', path: `/v2/images/${id}/file`, status: 200 }
    const { server } = await this.#ask(file, ({ body }) =>
      body.equals(data) ? undefined : 'other data than was written',
    )
    const crossing = `${writer}>${server}`
    this.crossings.set(crossing, (this.crossings.get(crossing) ?? 0) + 1)
  }

  /** Sends one request, notes it, and pauses. @throws when it failed */
  async #ask(
    { as, status, ...request }: Expectation,
    findFault?: (answer: HttpAnswer) => string | undefined,
  ): Promise<{ answer: HttpAnswer; server: string }> {
    const { url, serverAt, pauseMs } = this.#options
    const phase = this.phase
    const startedAt = performance.now()
    let server = 'nobody'
    let fault: string | undefined
    let answer: HttpAnswer | undefined
    try {
      answer = await send(url, { ...request, headers: { 'x-auth-token': as.token, ...request.headers } })
      server = serverAt(String(answer.headers['x-node']))
      fault =
        answer.status === status ? findFault?.(answer) : `${answer.status}: ${answer.body.toString().slice(0, 300)}`
    } catch (error) {
      fault = String(error)
    }
    const tookMs = performance.now() - startedAt
    const named = fault && `${request.method} ${request.path} by ${server}, ${phase}: ${fault}`
    this.samples.push({ phase, server, tookMs, ...(named && { fault: named }) })
    if (answer === undefined || named) throw new Error(named)
    await sleep(pauseMs)
    return { answer, server }
  }
}
