import { createHash, type Hash, randomUUID } from 'node:crypto'
import { GlimpseError } from '../../../errors/error.ts'
import type { BlobWriter, WrittenBlob } from '../../../ports/blob-store.ts'
import type { S3Bucket, SentPart, UploadName } from './bucket.ts'
import type { Body } from './connection.ts'
import type { PartPlan } from './part-plan.ts'

export interface S3WriterOptions {
  readonly key: string
  /** Location to record. */
  readonly url: string
  readonly plan: PartPlan
  readonly signal: AbortSignal | undefined
  /** Called when the write is over, however it ended. */
  readonly onEnd: () => void
}

/** Data that waits to be sent: `buffer` up to `length`, hashed as it came. */
interface Part {
  readonly index: number
  readonly buffer: Buffer
  readonly hash: Hash | null
  length: number
}

/**
 * Collects parts and sends them, several at a time; what fits into the first one becomes a plain object at commit. A part
 * goes on its way when the next byte comes, so the last one is always at hand when the end is told.
 */
export class S3Writer implements BlobWriter {
  readonly #bucket: S3Bucket
  readonly #options: S3WriterOptions
  readonly #mark = randomUUID()
  readonly #stop = new AbortController()
  readonly #signal: AbortSignal
  readonly #inFlight = new Set<Promise<void>>()
  readonly #sent: SentPart[] = []
  #part: Part | undefined
  #spare: Buffer[] = []
  #upload: UploadName | undefined
  #failure: unknown
  #sizeBytes = 0
  /** The object may be there, and be ours. */
  #mayExist = false
  #isEnded = false

  constructor(bucket: S3Bucket, options: S3WriterOptions) {
    this.#bucket = bucket
    this.#options = options
    const { signal } = options
    this.#signal = signal === undefined ? this.#stop.signal : AbortSignal.any([this.#stop.signal, signal])
  }

  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#part?.length === this.#part?.buffer.length) await this.#nextPart()
      const part = this.#part as Part
      const count = Math.min(rest.length, part.buffer.length - part.length)
      const piece = part.buffer.subarray(part.length, part.length + count)
      piece.set(rest.subarray(0, count))
      part.hash?.update(piece)
      part.length += count
      rest = rest.subarray(count)
    }
    this.#sizeBytes += chunk.length
  }

  async commit(): Promise<WrittenBlob> {
    const { key, url } = this.#options
    const last = this.#part
    this.#part = undefined
    if (this.#upload !== undefined && last !== undefined) this.#send(this.#upload, last)
    await this.#settled()
    if ((await this.#bucket.find(key, { signal: this.#signal })) !== undefined) {
      throw new GlimpseError('blob_exists', { key })
    }
    this.#mayExist = true
    try {
      if (this.#upload !== undefined) {
        const parts = this.#sent.sort((a, b) => a.number - b.number)
        await this.#bucket.completeUpload(this.#upload, parts, this.#signal)
      } else {
        await this.#bucket.put(key, bodyOf(last ?? this.#emptyPart(0)), { mark: this.#mark, signal: this.#signal })
      }
    } catch (error) {
      // An answer may be lost where the deed was done.
      if (!(await this.#isMine().catch(() => false))) throw error
    }
    this.#upload = undefined
    return { url, sizeBytes: this.#sizeBytes, metadata: {} }
  }

  async settle(): Promise<void> {
    this.#mayExist = false
    this.#end()
  }

  async abort(): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled(this.#inFlight)
    this.#part = undefined
    this.#spare = []
    // What cannot be removed now is tried again by the next call.
    if (this.#upload !== undefined) await this.#bucket.dropUpload(this.#upload)
    this.#upload = undefined
    if (this.#mayExist && (await this.#isMine())) await this.#bucket.remove(this.#options.key)
    this.#mayExist = false
    this.#end()
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#options.onEnd()
  }

  async #isMine(): Promise<boolean> {
    return (await this.#bucket.find(this.#options.key))?.mark === this.#mark
  }

  /** Sends the full part, if there is one, and makes room for another. */
  async #nextPart(): Promise<void> {
    const { key, plan } = this.#options
    const full = this.#part
    const index = full === undefined ? 0 : full.index + 1
    if (full !== undefined) {
      this.#upload ??= await this.#bucket.startUpload(key, { mark: this.#mark })
      this.#part = undefined
      this.#send(this.#upload, full)
    }
    while (this.#inFlight.size >= plan.buffersFor(index)) await Promise.race(this.#inFlight)
    if (this.#failure !== undefined) throw this.#failure
    this.#part = this.#emptyPart(index, plan.bytesOf(index))
  }

  #emptyPart(index: number, size = 0): Part {
    const spare = this.#spare.pop()
    // Unpooled: it is large and lives long.
    const buffer = spare?.length === size ? spare : Buffer.allocUnsafeSlow(size)
    return { index, buffer, hash: this.#bucket.signsBodies ? createHash('sha256') : null, length: 0 }
  }

  #send(upload: UploadName, part: Part): void {
    const sending = this.#bucket
      .sendPart(upload, { number: part.index + 1, body: bodyOf(part), signal: this.#signal })
      .then(
        (sent) => {
          this.#sent.push(sent)
          this.#spare.push(part.buffer)
        },
        (error: unknown) => {
          this.#failure ??= error
        },
      )
      .finally(() => this.#inFlight.delete(sending))
    this.#inFlight.add(sending)
  }

  async #settled(): Promise<void> {
    await Promise.all(this.#inFlight)
    this.#spare = []
    if (this.#failure !== undefined) throw this.#failure
  }
}

function bodyOf({ buffer, length, hash }: Part): Body {
  return { bytes: buffer.subarray(0, length), sha256: hash?.digest('hex') ?? null }
}
