import { type FormatInspector, Region, usableSize } from './inspector.ts'

const sectorBytes = 512n
const maxDescriptorBytes = 2n ** 20n - 1n
/** The directory stands in a footer, which overrides the header: the stream would have to be read to its end. */
const directoryAtEnd = 2n ** 64n - 1n
const readableTypes = new Set(['monolithicSparse', 'streamOptimized'])

/** VMware disks in one file: a header, and right after it a text that names the kind of disk. @see qemu `block/vmdk.c` */
export class VmdkInspector implements FormatInspector {
  readonly #header = new Region(0, 512)
  #descriptor: Region | undefined
  #position = 0

  eat(chunk: Uint8Array): void {
    if (!this.#header.complete) {
      this.#header.capture(chunk, this.#position)
      if (this.#header.complete) this.#descriptor = descriptorRegion(this.#header.data)
    }
    this.#descriptor?.capture(chunk, this.#position)
    this.#position += chunk.length
  }

  virtualSizeBytes(): number | null {
    if (!this.#descriptor?.complete) return null
    const type = /createType="([^"]{0,63})"/.exec(this.#descriptor.data.toString('latin1'))?.[1]
    if (type === undefined || !readableTypes.has(type)) return null
    return usableSize(this.#header.data.readBigUInt64LE(12) * sectorBytes)
  }
}

function descriptorRegion(header: Buffer): Region | undefined {
  const version = header.readUInt32LE(4)
  if (header.toString('latin1', 0, 4) !== 'KDMV' || version < 1 || version > 3) return undefined
  if (header.readBigUInt64LE(56) === directoryAtEnd) return undefined
  const offset = header.readBigUInt64LE(28) * sectorBytes
  const length = header.readBigUInt64LE(36) * sectorBytes
  if (offset !== sectorBytes) return undefined
  return new Region(Number(offset), Number(length < maxDescriptorBytes ? length : maxDescriptorBytes))
}
