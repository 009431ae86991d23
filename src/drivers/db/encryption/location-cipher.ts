import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { GlimpseError } from '../../../errors/error.ts'
import type { Sealer } from '../../../ports/sealer.ts'

const blockBytes = 16

/** True for keys that AES takes: 16, 24 or 32 bytes. */
export function isLocationKey(key: string): boolean {
  return [16, 24, 32].includes(Buffer.byteLength(key))
}

const plain: Sealer = { encrypt: (text) => text, decrypt: (text) => text }

/** Without a key, texts stand as they are. */
export function sealerOf(key: string | null): Sealer {
  return key === null ? plain : new LocationCipher(key)
}

/**
 * URLs of locations as they stand in the database with `metadata_encryption_key`: AES-CBC with a random vector in front,
 * the text ended by a zero byte and filled up with bytes that are none, in base64 for URLs.
 * @see glance `common/crypt.py`
 */
export class LocationCipher implements Sealer {
  readonly #key: Buffer
  readonly #algorithm: string

  /** @param key `isLocationKey` holds for it */
  constructor(key: string) {
    this.#key = Buffer.from(key)
    this.#algorithm = `aes-${this.#key.length * 8}-cbc`
  }

  encrypt(url: string): string {
    const vector = randomBytes(blockBytes)
    const text = Buffer.from(url)
    const padding = Buffer.alloc(blockBytes - (text.length % blockBytes), randomFill())
    padding[0] = 0
    const cipher = createCipheriv(this.#algorithm, this.#key, vector).setAutoPadding(false)
    const padded = Buffer.concat([text, padding])
    return urlSafe(Buffer.concat([vector, cipher.update(padded), cipher.final()]))
  }

  /**
   * The URL. What was written before there was a key is a URL already, and stays as it is.
   * @throws location_unreadable if the key is another one
   */
  decrypt(stored: string): string {
    if (stored.includes(':')) return stored
    const bytes = Buffer.from(stored, 'base64url')
    if (bytes.length < 2 * blockBytes || bytes.length % blockBytes !== 0)
      throw new GlimpseError('location_unreadable', {})
    const vector = bytes.subarray(0, blockBytes)
    const decipher = createDecipheriv(this.#algorithm, this.#key, vector).setAutoPadding(false)
    const padded = Buffer.concat([decipher.update(bytes.subarray(blockBytes)), decipher.final()])
    const end = padded.lastIndexOf(0)
    if (end < padded.length - blockBytes) throw new GlimpseError('location_unreadable', {})
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(padded.subarray(0, end))
    } catch (cause) {
      throw new GlimpseError('location_unreadable', {}, { cause })
    }
  }
}

/** Bytes that are not zero. */
function randomFill(): Buffer {
  return randomBytes(blockBytes).map((byte) => (byte === 0 ? 1 : byte)) as Buffer
}

/** Python's decoder wants the padding of base64. */
function urlSafe(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_')
}
