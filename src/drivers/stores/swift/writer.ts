import { randomBytes } from 'node:crypto'
import { GlimpseError } from '../../../errors/error.ts'
import type { BlobWriter, WrittenBlob } from '../../../ports/blob-store.ts'
import { ObjectUpload } from './object-upload.ts'
import { requireStored } from './put.ts'
import { deleteObjects } from './remove.ts'
import { Budget } from './segment.ts'
import { maxRunning, SegmentUpload } from './segment-upload.ts'
import type { Target } from './target.ts'
import type { Upload, UploadOptions } from './upload.ts'

export interface WriterOptions {
  readonly storeId: string
  readonly target: Target & { readonly url: string }
  /** Null: unknown. */
  readonly sizeBytes: number | null
  /** Images of this size and more are written in segments. */
  readonly largeBytes: number
  readonly segmentBytes: number
  /** Segments are kept in files there until Swift has them; null: they are not. */
  readonly bufferDirectory: string | null
  readonly signal?: AbortSignal
}

/** An image of unknown size that stays below this becomes one object. */
const inlineBytes = 1024 * 1024
const maxWaitingBytes = 16 * 1024 * 1024
/** Marks what this write made, so that it never removes what another one has made under the same name. */
const ownerHeader = 'x-object-meta-glimpse-write'

/**
 * Writes an image as one object, or as segments with a manifest (a dynamic large object). Segments bear the name of
 * this write, so that two writes of an image never mix: the manifest tells their prefix to whoever reads or deletes.
 * @see glance_store `_drivers/swift/store.py` `add`
 */
export class SwiftWriter implements BlobWriter {
  readonly #options: WriterOptions
  readonly #uploadOptions: UploadOptions
  readonly #id = randomBytes(4).toString('hex')
  readonly #stop = new AbortController()
  /** Data that came before it is known how it is sent. */
  #held: Buffer[] = []
  #totalBytes = 0
  #upload: Upload | undefined
  /** Swift may have the object, even if it did not say so. */
  #mayBeThere = false
  #state: 'open' | 'committed' | 'ended' = 'open'

  constructor(options: WriterOptions) {
    this.#options = options
    const { storeId, sizeBytes, segmentBytes, bufferDirectory, signal } = options
    const { client, place } = options.target
    this.#uploadOptions = {
      client,
      storeId,
      place,
      sizeBytes,
      segmentBytes,
      bufferDirectory,
      segmentPrefix: `${place.object}_${this.#id}-`,
      objectHeaders: { 'if-none-match': '*', [ownerHeader]: this.#id },
      budget: new Budget(Math.min(maxWaitingBytes, maxRunning * segmentBytes)),
      signal: signal ? AbortSignal.any([signal, this.#stop.signal]) : this.#stop.signal,
    }
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { sizeBytes, largeBytes } = this.#options
    this.#totalBytes += chunk.length
    if (sizeBytes !== null && this.#totalBytes > sizeBytes) throw this.#sizeMismatch(sizeBytes)
    // The chunk is the caller's: it may be overwritten as soon as this returns.
    const copy = Buffer.from(chunk)
    if (this.#upload !== undefined) return this.#upload.write(copy)
    this.#held.push(copy)
    if (this.#totalBytes <= Math.min(inlineBytes, largeBytes - 1)) return
    const isLarge = sizeBytes === null || sizeBytes >= largeBytes
    this.#mayBeThere = !isLarge
    this.#upload = new (isLarge ? SegmentUpload : ObjectUpload)(this.#uploadOptions)
    const held = this.#held
    this.#held = []
    for (const piece of held) await this.#upload.write(piece)
  }

  async commit(): Promise<WrittenBlob> {
    const { sizeBytes, target } = this.#options
    if (sizeBytes !== null && this.#totalBytes !== sizeBytes) throw this.#sizeMismatch(sizeBytes)
    this.#mayBeThere = true
    try {
      if (this.#upload === undefined) await this.#putHeld()
      else await this.#upload.finish()
    } catch (error) {
      // An answer that got lost may have been the one that this commit waited for.
      if (!(error instanceof GlimpseError) || error.code !== 'blob_exists' || !(await this.#isOwn())) throw error
    }
    this.#held = []
    this.#state = 'committed'
    return { url: target.url, sizeBytes: this.#totalBytes, metadata: {} }
  }

  async settle(): Promise<void> {
    this.#state = 'ended'
    await this.#options.target.close()
  }

  async abort(): Promise<void> {
    if (this.#state === 'ended') return
    const { client, place } = this.#uploadOptions
    this.#stop.abort()
    this.#held = []
    await this.#upload?.stop()
    if (this.#mayBeThere && (await this.#isOwn())) await client.deleteObject(place)
    await deleteObjects(client, { container: place.container, names: this.#upload?.segments ?? [] })
    await this.#options.target.discard()
    this.#state = 'ended'
    await this.#options.target.close()
  }

  async #putHeld(): Promise<void> {
    const { client, place, storeId, objectHeaders, signal } = this.#uploadOptions
    const body = Buffer.concat(this.#held)
    const { status } = await client.putObject(place, { body, headers: objectHeaders, signal })
    requireStored(status, { place, storeId })
  }

  async #isOwn(): Promise<boolean> {
    const { client, place } = this.#uploadOptions
    return (await client.headObject(place))?.[ownerHeader] === this.#id
  }

  #sizeMismatch(expectedBytes: number): GlimpseError {
    return new GlimpseError('upload_size_mismatch', { expectedBytes, receivedBytes: this.#totalBytes })
  }
}
