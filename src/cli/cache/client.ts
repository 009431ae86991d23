import type { Dispatcher } from 'undici'
import type { Http } from '../http.ts'
import type { Session } from '../session.ts'

export interface CachedImage {
  readonly image_id: string
  readonly hits: number
  /** Seconds since 1970; 0: never. */
  readonly last_accessed: number
  readonly last_modified: number
  readonly size: number
}

/** The cache's management API of old. Every call throws HttpFailure for an answer that is not the one asked for. */
export class CacheClient {
  readonly #http: Http
  readonly #session: Session

  constructor(http: Http, session: Session) {
    this.#http = http
    this.#session = session
  }

  async cached(): Promise<readonly CachedImage[]> {
    const { cached_images } = (await this.#send('GET', 'cached_images')) as { cached_images: CachedImage[] }
    return cached_images
  }

  async queued(): Promise<readonly string[]> {
    const { queued_images } = (await this.#send('GET', 'queued_images')) as { queued_images: string[] }
    return queued_images
  }

  async queue(imageId: string): Promise<void> {
    await this.#send('PUT', `queued_images/${imageId}`)
  }

  async remove(list: 'cached_images' | 'queued_images', imageId: string): Promise<void> {
    await this.#send('DELETE', `${list}/${imageId}`)
  }

  /** @returns how many there were */
  async removeAll(list: 'cached_images' | 'queued_images'): Promise<number> {
    return ((await this.#send('DELETE', list)) as { num_deleted: number }).num_deleted
  }

  async #send(method: Dispatcher.HttpMethod, path: string): Promise<unknown> {
    const { endpoint, token } = this.#session
    const headers = token === undefined ? {} : { 'x-auth-token': token }
    return (await this.#http.send(`${endpoint}/v2/${path}`, { method, headers })).body.json()
  }
}
