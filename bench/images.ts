/** Creates and removes the images that a measurement needs. */
export class ImageSet {
  readonly #url: string
  readonly #token: string

  constructor(url: string, token: string) {
    this.#url = url
    this.#token = token
  }

  /** @returns the new image's id */
  async create(name: string, extra: object = {}): Promise<string> {
    const body = { name, disk_format: 'raw', container_format: 'bare', ...extra }
    const image = (await this.#call('POST', '/v2/images', body)) as { id: string }
    return image.id
  }

  /** Creates `count` images with the properties and tags of a usual cloud image. */
  async fill(count: number): Promise<string[]> {
    const ids: string[] = []
    for (let i = 0; i < count; i++) {
      ids.push(
        await this.create(`bench-${i}`, {
          os_distro: 'ubuntu',
          os_version: '24.04',
          hw_disk_bus: 'virtio',
          hw_qemu_guest_agent: 'yes',
          tags: ['lts', `t${i % 7}`],
        }),
      )
    }
    return ids
  }

  delete(id: string): Promise<unknown> {
    return this.#call('DELETE', `/v2/images/${id}`)
  }

  /** Deletes all images of that name. */
  async deleteNamed(name: string): Promise<void> {
    for (;;) {
      const page = (await this.#call('GET', `/v2/images?name=${name}&limit=200`)) as { images: { id: string }[] }
      if (page.images.length === 0) return
      for (const { id } of page.images) await this.delete(id)
    }
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        'X-Auth-Token': this.#token,
        ...(body && { 'Content-Type': 'application/json' }),
        Connection: 'close',
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${this.#url}${path}: ${response.status} ${text.slice(0, 200)}`)
    return text === '' ? undefined : JSON.parse(text)
  }
}
