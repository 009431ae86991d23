import { setTimeout as sleep } from 'node:timers/promises'

export interface Answer {
  readonly status: number
  readonly body: string
}

export interface CallOptions {
  readonly json?: object
  /** A new one for each attempt. */
  readonly data?: () => AsyncIterable<Buffer>
  readonly timeoutMs?: number
}

/** What the API shows of an image, as far as it matters here. */
export interface ImageView {
  readonly id: string
  readonly status: string
  readonly size: number | null
  readonly os_hash_value: string | null
  readonly stores?: string
  readonly os_glance_import_task?: string
}

/** A caller that outlives the services it calls: asks one node and then the other until one of them answers. */
export class PatientClient {
  readonly #urls: readonly string[]
  readonly #token: string
  readonly #signal: AbortSignal | undefined
  #turn = 0

  /** @param options `signal`: ends all asking */
  constructor(urls: readonly string[], { token, signal }: { token: string; signal?: AbortSignal }) {
    this.#urls = urls
    this.#token = token
    this.#signal = signal
  }

  /** One attempt, at the next node. Undefined: nobody knows what became of it. */
  async once(method: string, path: string, options: CallOptions = {}): Promise<Answer | undefined> {
    this.#signal?.throwIfAborted()
    const { json, data, timeoutMs = 15_000 } = options
    const url = this.#urls[this.#turn++ % this.#urls.length] + path
    const type = data ? 'application/octet-stream' : 'application/json'
    const body = data ? ReadableStream.from(data()) : json && JSON.stringify(json)
    try {
      const response = await fetch(url, {
        method,
        headers: { 'x-auth-token': this.#token, 'content-type': type },
        ...(body !== undefined && { body, duplex: 'half' }),
        signal: AbortSignal.timeout(timeoutMs),
      } as RequestInit)
      return { status: response.status, body: await response.text() }
    } catch {
      return undefined
    }
  }

  /** Until there is an answer below 500: for calls that may be made twice. */
  async insist(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    for (;;) {
      const answer = await this.once(method, path, options)
      if (answer !== undefined && answer.status < 500) return answer
      await sleep(250)
    }
  }

  async image(id: string): Promise<ImageView> {
    const { status, body } = await this.insist('GET', `/v2/images/${id}`)
    if (status !== 200) throw new Error(`GET of image ${id} gives ${status}: ${body}`)
    return JSON.parse(body) as ImageView
  }

  async tasks(id: string): Promise<readonly { id: string; status: string; message: string }[]> {
    const { body } = await this.insist('GET', `/v2/images/${id}/tasks`)
    return (JSON.parse(body) as { tasks: [] }).tasks
  }
}
