import type { FormatInspector } from './inspector.ts'

/** The disk is the image. */
export class RawInspector implements FormatInspector {
  #sizeBytes = 0

  eat(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.length
  }

  virtualSizeBytes(): number | null {
    return this.#sizeBytes > 0 ? this.#sizeBytes : null
  }
}
