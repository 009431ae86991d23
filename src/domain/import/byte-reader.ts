import type { Readable } from 'node:stream'

/** Takes pieces of wanted sizes from a stream. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer, undefined>
  readonly #onShort: () => never
  #left: Buffer = Buffer.alloc(0)
  /** Bytes that were taken, less those that were put back. */
  position = 0

  /** @param onShort throws what a stream that ends too early means */
  constructor(body: Readable, onShort: () => never) {
    this.#chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
    this.#onShort = onShort
  }

  /** Exactly `length` bytes, which are kept in memory. */
  async take(length: number): Promise<Buffer> {
    const pieces: Buffer[] = []
    for (let left = length; left > 0; ) {
      const piece = await this.takeSome(left)
      pieces.push(piece)
      left -= piece.length
    }
    return Buffer.concat(pieces)
  }

  /** What comes next: one byte at least, `most` at most. */
  async takeSome(most: number): Promise<Buffer> {
    while (this.#left.length === 0) {
      const next = await this.#chunks.next()
      if (next.done) this.#onShort()
      else this.#left = next.value
    }
    const piece = this.#left.subarray(0, most)
    this.#left = this.#left.subarray(piece.length)
    this.position += piece.length
    return piece
  }

  /** Gives back the end of the piece that was taken last. */
  putBack(piece: Buffer): void {
    this.#left = Buffer.concat([piece, this.#left])
    this.position -= piece.length
  }

  /** Reads to the end. */
  async drain(): Promise<void> {
    while (!(await this.#chunks.next()).done);
  }
}
