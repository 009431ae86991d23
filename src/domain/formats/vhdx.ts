import { type FormatInspector, Region, usableSize } from './inspector.ts'

const kib = 1024
/** GUIDs as they lie in the file. */
const metadataRegionGuid = Buffer.from('06a27c8b90474b9ab8fe575f050f886e', 'hex')
const virtualDiskSizeGuid = Buffer.from('2442a52f1bcd7648b2115dbed83bf4b8', 'hex')
const maxEntries = 2047
const entryBytes = 32

/**
 * Hyper-V disks: a table of regions points to the metadata, whose table points to the disk's size.
 * @see MS-VHDX 2.2.3, 2.6
 */
export class VhdxInspector implements FormatInspector {
  readonly #identity = new Region(0, 8)
  readonly #regionTable = new Region(192 * kib, 64 * kib)
  #metadataStart = 0
  #metadata: Region | undefined
  #size: Region | undefined
  #position = 0
  #lost = false

  eat(chunk: Uint8Array): void {
    if (!this.#lost && !this.#size?.complete) this.#capture(chunk)
    this.#position += chunk.length
  }

  virtualSizeBytes(): number | null {
    if (this.#identity.data.toString('latin1') !== 'vhdxfile' || !this.#size?.complete) return null
    return usableSize(this.#size.data.readBigUInt64LE(0))
  }

  #capture(chunk: Uint8Array): void {
    this.#identity.capture(chunk, this.#position)
    this.#regionTable.capture(chunk, this.#position)
    if (this.#metadata === undefined && this.#regionTable.complete) {
      const start = findMetadata(this.#regionTable.data)
      if (start === undefined) this.#lost = true
      else this.#metadata = new Region(start, 64 * kib)
      this.#metadataStart = start ?? 0
    }
    this.#metadata?.capture(chunk, this.#position)
    if (this.#size === undefined && this.#metadata?.complete) {
      const offset = findSizeItem(this.#metadata.data)
      if (offset === undefined) this.#lost = true
      else this.#size = new Region(this.#metadataStart + offset, 8)
    }
    this.#size?.capture(chunk, this.#position)
  }
}

function findMetadata(table: Buffer): number | undefined {
  const count = table.readUInt32LE(8)
  if (table.toString('latin1', 0, 4) !== 'regi' || count > maxEntries) return undefined
  const entry = findEntry(table, { first: 16, count, guid: metadataRegionGuid })
  const start = entry?.readBigUInt64LE(16)
  return start !== undefined && start <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(start) : undefined
}

function findSizeItem(table: Buffer): number | undefined {
  const count = table.readUInt16LE(10)
  if (table.toString('latin1', 0, 8) !== 'metadata' || count > maxEntries) return undefined
  return findEntry(table, { first: 32, count, guid: virtualDiskSizeGuid })?.readUInt32LE(16)
}

function findEntry(
  table: Buffer,
  { first, count, guid }: { first: number; count: number; guid: Buffer },
): Buffer | undefined {
  for (let index = 0; index < count; index++) {
    const entry = table.subarray(first + index * entryBytes, first + (index + 1) * entryBytes)
    if (entry.length === entryBytes && entry.subarray(0, 16).equals(guid)) return entry
  }
  return undefined
}
