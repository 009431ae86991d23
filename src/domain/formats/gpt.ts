import { crc32 } from 'node:zlib'
import { type DataEnd, end, Flaws, has, type Probe, read, usableSize, type Wanted } from './probe.ts'

const sectorSizes = [512, 4096] as const
const partitionsAt = 446
const protectiveType = 0xee
const maxEntriesBytes = 2 ** 20

/**
 * Disks with a table of partitions, MBR or GPT, under one name as in Glance. Floppies and file systems of the FAT kind end
 * their first sector alike, and are none.
 * @see UEFI 2.10, 5.2 and 5.3
 */
export function* gpt(): Probe {
  const mbr = yield* read(0, 512)
  if (mbr.length < 512 || mbr.readUInt16LE(510) !== 0xaa55 || isFat(mbr)) return null
  const flaws = new Flaws()
  const isGpt = checkPartitions(mbr, flaws)
  if (isGpt) yield* checkTable(flaws)
  const { sizeBytes } = yield* end()
  const virtualSizeBytes = usableSize(BigInt(sizeBytes))
  return { format: 'gpt', subformat: isGpt ? 'gpt' : 'mbr', virtualSizeBytes, flaws: flaws.found }
}

function isFat(sector: Buffer): boolean {
  return sector[16] === 2 && sector[21] === 0xf8
}

/** @returns whether the disk says that it has a GPT */
function checkPartitions(mbr: Buffer, flaws: Flaws): boolean {
  const entries = [0, 1, 2, 3].map((index) => mbr.subarray(partitionsAt + index * 16, partitionsAt + (index + 1) * 16))
  const used = entries.filter((entry) => entry[4] !== 0)
  const protective = entries.filter((entry) => entry[4] === protectiveType)
  const unsafe = (isFlawed: boolean, reason: string) => flaws.unsafe(isFlawed, 'mbr', reason)
  unsafe(
    entries.some((entry) => entry[0] !== 0 && entry[0] !== 0x80),
    'its MBR has an invalid boot flag',
  )
  unsafe(used.length === 0, 'its MBR has no partitions')
  for (const entry of protective) {
    unsafe(
      entry.readUIntBE(1, 3) !== 0x000200 || entry.readUInt32LE(8) !== 1,
      'its protective MBR starts at the wrong place',
    )
  }
  unsafe(
    protective.length > 0 && (used.length > 1 || used[0] !== entries[0]),
    'its protective MBR has other partitions',
  )
  return protective.length > 0
}

/** The header of the table, wherever the size of the sectors puts it, and the entries. */
function* checkTable(flaws: Flaws): Generator<Wanted, void, Buffer | DataEnd> {
  const odd = (isFlawed: boolean, reason: string) => flaws.odd(isFlawed, 'gpt', reason)
  for (const sectorBytes of sectorSizes) {
    const header = yield* read(sectorBytes, 512)
    if (!has(header, 'EFI PART') || header.length < 512) continue
    const headerBytes = header.readUInt32LE(12)
    if (headerBytes < 92 || headerBytes > 512) return odd(true, 'the header of its GPT has a wrong size')
    const unsigned = Buffer.from(header.subarray(0, headerBytes)).fill(0, 16, 20)
    odd(crc32(unsigned) !== header.readUInt32LE(16), 'the checksum of its GPT is wrong')
    odd(header.readBigUInt64LE(24) !== 1n, 'the header of its GPT is meant for another place')
    const entriesBytes = header.readUInt32LE(80) * header.readUInt32LE(84)
    if (entriesBytes > maxEntriesBytes) return odd(true, 'its GPT is too large')
    const entries = yield* read(header.readBigUInt64LE(72) * BigInt(sectorBytes), entriesBytes)
    return odd(crc32(entries) !== header.readUInt32LE(88), 'the checksum of the entries of its GPT is wrong')
  }
  odd(true, 'its protective MBR protects no GPT')
}
