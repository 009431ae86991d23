/** Watches the bytes of an image pass by and finds out what its format says of the disk inside. */
export interface FormatInspector {
  /** Chunks come in order, without gaps. Never throws: an image that cannot be read is merely not understood. */
  eat(chunk: Uint8Array): void
  /** Bytes the guest sees; null if the data is not of the format, or too short to tell. */
  virtualSizeBytes(): number | null
}

/** A stretch of the image that is kept as it passes by. */
export class Region {
  readonly #start: number
  readonly #bytes: Buffer
  #filled = 0

  constructor(start: number, length: number) {
    this.#start = start
    this.#bytes = Buffer.alloc(length)
  }

  get complete(): boolean {
    return this.#filled === this.#bytes.length
  }

  /** The kept bytes so far. */
  get data(): Buffer {
    return this.#bytes.subarray(0, this.#filled)
  }

  /** Takes what it needs of a chunk that starts at `position` of the image. */
  capture(chunk: Uint8Array, position: number): void {
    const from = this.#start + this.#filled - position
    if (this.complete || from < 0 || from >= chunk.length) return
    const piece = chunk.subarray(from, from + this.#bytes.length - this.#filled)
    this.#bytes.set(piece, this.#filled)
    this.#filled += piece.length
  }
}

/** A format whose disk size stands in the first sector. */
export class HeaderInspector implements FormatInspector {
  readonly #header = new Region(0, 512)
  readonly #read: (header: Buffer) => bigint | null
  #position = 0

  /** `read` gives the disk size, null if the header is of another format. */
  constructor(read: (header: Buffer) => bigint | null) {
    this.#read = read
  }

  eat(chunk: Uint8Array): void {
    if (!this.#header.complete) this.#header.capture(chunk, this.#position)
    this.#position += chunk.length
  }

  virtualSizeBytes(): number | null {
    return this.#header.complete ? usableSize(this.#read(this.#header.data)) : null
  }
}

/** Sizes of 0, and those that no column can hold, tell nothing. */
export function usableSize(bytes: bigint | null): number | null {
  return bytes !== null && bytes > 0n && bytes <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bytes) : null
}
