import { setTimeout as sleep } from 'node:timers/promises'
import { GlimpseError } from '../../../errors/error.ts'
import { startBufferedPut } from './buffered-put.ts'
import { containerMissing, type PutBody, type PutOptions, startPut } from './put.ts'
import type { Upload, UploadOptions } from './upload.ts'

/** Segments that are on their way at the same time. */
export const maxRunning = 4
/** How long a manifest may lack some of its segments: listings of containers follow the objects. */
const listingTimeoutMs = 30_000

/**
 * Sends an image as segments. Each is sent as its data arrives; the next one does not wait until Swift has stored the
 * one before. The manifest comes last.
 */
export class SegmentUpload implements Upload {
  readonly segments: string[] = []
  readonly #options: UploadOptions
  readonly #running = new Set<Promise<void>>()
  #current: { readonly body: PutBody; leftBytes: number } | undefined
  #sentBytes = 0
  #failure: unknown

  constructor(options: UploadOptions) {
    this.#options = options
  }

  async write(chunk: Buffer): Promise<void> {
    let rest = chunk
    while (rest.length > 0) {
      this.#current ??= await this.#start()
      const current = this.#current
      const piece = rest.subarray(0, current.leftBytes)
      rest = rest.subarray(piece.length)
      current.body.append(piece)
      current.leftBytes -= piece.length
      this.#sentBytes += piece.length
      if (current.leftBytes === 0) this.#endCurrent()
    }
    await this.#options.budget.room()
    this.#throwIfFailed()
  }

  async finish(): Promise<void> {
    this.#endCurrent()
    await Promise.all(this.#running)
    this.#throwIfFailed()
    await this.#putManifest()
    await this.#awaitListing()
  }

  async stop(): Promise<void> {
    this.#current?.body.destroy()
    await Promise.all(this.#running)
  }

  async #start(): Promise<{ body: PutBody; leftBytes: number }> {
    const { client, place, sizeBytes, segmentBytes, segmentPrefix, bufferDirectory: directory, signal } = this.#options
    while (this.#running.size >= maxRunning) await Promise.race(this.#running)
    this.#throwIfFailed()
    // A body that is not buffered can be sent only once: a token that has ended is found and replaced before.
    if (directory === null && !(await client.hasContainer(place.container, { signal }))) {
      throw containerMissing(this.#options.storeId, place.container)
    }
    const object = segmentPrefix + String(this.segments.length + 1).padStart(5, '0')
    const leftBytes = sizeBytes === null ? segmentBytes : Math.min(segmentBytes, sizeBytes - this.#sentBytes)
    this.segments.push(object)
    const put: PutOptions = {
      ...this.#options,
      place: { container: place.container, object },
      headers: sizeBytes === null ? {} : { 'content-length': String(leftBytes) },
      onFailure: (error) => {
        this.#failure ??= error
      },
    }
    const { body, ended } = directory === null ? startPut(client, put) : startBufferedPut(client, { ...put, directory })
    const running = ended.finally(() => this.#running.delete(running))
    this.#running.add(running)
    return { body, leftBytes }
  }

  #endCurrent(): void {
    this.#current?.body.end()
    this.#current = undefined
  }

  async #putManifest(): Promise<void> {
    const { client, place, segmentPrefix, objectHeaders, signal } = this.#options
    const manifest = `${encodeURIComponent(place.container)}/${encodeURIComponent(segmentPrefix)}`
    const headers = { ...objectHeaders, 'x-object-manifest': manifest }
    const { status } = await client.putObject(place, { headers, signal })
    if (status !== 201) throw new GlimpseError('blob_exists', { key: place.object })
  }

  /** A manifest stands for what the container lists. */
  async #awaitListing(): Promise<void> {
    const { client, place, storeId, signal } = this.#options
    const deadline = Date.now() + listingTimeoutMs
    for (let waitMs = 50; ; waitMs = Math.min(2 * waitMs, 2000)) {
      const headers = await client.headObject(place, { signal })
      // Swift does not tell the size of very many segments.
      const listed = headers === undefined ? 0 : headers['content-length']
      if (listed === undefined || Number(listed) === this.#sentBytes) return
      if (Date.now() > deadline) {
        throw new GlimpseError('store_unavailable', { store: storeId, reason: 'it does not list all segments' })
      }
      await sleep(waitMs, undefined, { signal })
    }
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure
  }
}
