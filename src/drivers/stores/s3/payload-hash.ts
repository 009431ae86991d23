import { createHash, createHmac, type Hash, type Hmac, subtle } from 'node:crypto'

/** Shorter data is hashed before another thread would have been asked. */
const smallBytes = 64 * 1024

/**
 * SHA-256 for the SDK's signatures. The digest of a whole part, which takes up to 30 ms, is computed in Node's thread
 * pool, so that the event loop stays free.
 */
export class PayloadHash {
  readonly #secret: string | ArrayBuffer | ArrayBufferView | undefined
  #hash: Hash | Hmac
  /** All there is, if it came in one piece. */
  #large: Uint8Array<ArrayBuffer> | undefined
  #isEmpty = true

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#secret = secret
    this.#hash = this.#fresh()
  }

  update(data: Uint8Array): void {
    const isWhole = this.#secret === undefined && data.length > smallBytes && this.#isEmpty
    this.#isEmpty = false
    if (isWhole) {
      this.#large = data as Uint8Array<ArrayBuffer>
      return
    }
    if (this.#large !== undefined) this.#hash.update(this.#large)
    this.#large = undefined
    this.#hash.update(data)
  }

  async digest(): Promise<Uint8Array> {
    if (this.#large === undefined) return this.#hash.digest()
    return new Uint8Array(await subtle.digest('SHA-256', this.#large))
  }

  reset(): void {
    this.#hash = this.#fresh()
    this.#large = undefined
    this.#isEmpty = true
  }

  #fresh(): Hash | Hmac {
    const secret = this.#secret
    if (secret === undefined) return createHash('sha256')
    return createHmac('sha256', typeof secret === 'string' ? secret : bytesOf(secret))
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}
