import { Readable } from 'node:stream'
import { GlimpseError } from '../../src/errors/error.ts'
import {
  type BlobStore,
  type BlobWriter,
  type ByteRange,
  imageIdPattern,
  type ListedBlob,
  type WrittenBlob,
} from '../../src/ports/blob-store.ts'

/** A store in memory, for tests of the layers above; it passes the contract suite of all stores. */
export class MemoryStore implements BlobStore {
  readonly id: string
  readonly schemes = ['memory'] as const
  readonly capabilities = { randomRead: true } as const
  readonly blobs = new Map<string, Buffer>()

  constructor(id = 'memory') {
    this.id = id
  }

  async create(key: string): Promise<BlobWriter> {
    if (this.blobs.has(key)) throw new GlimpseError('blob_exists', { key })
    return new MemoryWriter(this.blobs, key)
  }

  async open(url: string, { range, signal }: { range?: ByteRange; signal?: AbortSignal }): Promise<Readable> {
    signal?.throwIfAborted()
    const blob = this.#find(url)
    const { offset = 0, length = Math.max(0, blob.length - offset) } = range ?? {}
    const piece = blob.subarray(offset, offset + length)
    const truncated = { store: this.id, expectedBytes: length, readBytes: piece.length }
    return Readable.from(
      (async function* () {
        if (piece.length > 0) yield piece
        if (piece.length < length) throw new GlimpseError('blob_truncated', truncated)
      })(),
      { objectMode: false },
    )
  }

  async size(url: string): Promise<number> {
    return this.#find(url).length
  }

  async delete(url: string): Promise<void> {
    this.#find(url)
    this.blobs.delete(keyOf(url))
  }

  async *list({ prefix }: { prefix: string }): AsyncGenerator<ListedBlob, void, undefined> {
    for (const key of this.blobs.keys()) {
      if (key.startsWith(prefix) && imageIdPattern.test(key)) yield { key, url: `memory://${key}` }
    }
  }

  async close(): Promise<void> {}

  #find(url: string): Buffer {
    const blob = this.blobs.get(keyOf(url))
    if (blob === undefined) throw new GlimpseError('blob_not_found', { store: this.id })
    return blob
  }
}

class MemoryWriter implements BlobWriter {
  readonly #blobs: Map<string, Buffer>
  readonly #key: string
  #chunks: Buffer[] = []
  #state: 'open' | 'committed' | 'ended' = 'open'

  constructor(blobs: Map<string, Buffer>, key: string) {
    this.#blobs = blobs
    this.#key = key
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(Buffer.from(chunk))
  }

  async commit(): Promise<WrittenBlob> {
    if (this.#blobs.has(this.#key)) throw new GlimpseError('blob_exists', { key: this.#key })
    const blob = Buffer.concat(this.#chunks)
    this.#blobs.set(this.#key, blob)
    this.#state = 'committed'
    return { url: `memory://${this.#key}`, sizeBytes: blob.length, metadata: {} }
  }

  async settle(): Promise<void> {
    this.#state = 'ended'
  }

  async abort(): Promise<void> {
    if (this.#state === 'committed') this.#blobs.delete(this.#key)
    this.#state = 'ended'
    this.#chunks = []
  }
}

function keyOf(url: string): string {
  return url.slice('memory://'.length)
}
