import { end, type Flaws, type Found, has, type Probe, read, truncated, usableSize } from './probe.ts'
import { maxDescriptorBytes, parseDescriptor, type VmdkDescriptor } from './vmdk-descriptor.ts'

const sectorBytes = 512
/** Enough to see that one is too long. */
const descriptorBytes = maxDescriptorBytes + 1
const directoryInFooter = 2n ** 64n - 1n
const footerMarker = 3
const createType = /createtype[ \t]*=[ \t]*"/i

/**
 * VMware disks: one file with a header, of which a text says what it holds; or that text alone, which names other files.
 * @see "Virtual Disk Format 5.0", qemu `block/vmdk.c`
 */
export function* vmdk(): Probe {
  const magic = yield* read(0, 4)
  if (has(magic, 'COWD')) return found({ subformat: 'vmfsSparse' })
  return has(magic, 'KDMV') ? yield* sparse() : yield* textAlone(magic)
}

function found(more: Partial<Found>): Found {
  return { format: 'vmdk', subformat: '', virtualSizeBytes: null, flaws: [], ...more }
}

function* sparse(): Probe {
  // The four bytes before it are the magic.
  const header = Buffer.concat([Buffer.from('KDMV'), yield* read(4, sectorBytes - 4)])
  if (header.length < sectorBytes) return found({ flaws: [truncated] })
  const length = Math.min(Number(header.readBigUInt64LE(36)) * sectorBytes, descriptorBytes)
  const isPlaced = header.readBigUInt64LE(28) === 1n && length > 0
  const bytes = isPlaced ? yield* read(sectorBytes, length) : Buffer.alloc(0)
  const descriptor = parseDescriptor(textOf(bytes), { isWhole: false })
  const { flaws } = descriptor
  const version = header.readUInt32LE(4)
  flaws.unsafe(version < 1 || version > 3, 'descriptor', `it is of version ${version}`)
  flaws.unsafe(
    !isPlaced || bytes.length < length || !isAscii(bytes),
    'descriptor',
    'it has no descriptor that can be read',
  )
  const sectors = header.readBigUInt64LE(12)
  flaws.foreign(sectors === 0n, 'descriptor', 'its header refers to the descriptor alone')
  checkSize(header, { descriptor, sectors })
  if (header.readBigUInt64LE(56) === directoryInFooter) checkFooter(header, { tail: (yield* end()).tail, flaws })
  return found({
    subformat: descriptor.createType ?? '',
    virtualSizeBytes: usableSize(sectors * BigInt(sectorBytes)),
    flaws: flaws.found,
  })
}

/** Header and text may differ by less than a grain: some programs round one of them up. */
function checkSize(header: Buffer, { descriptor, sectors }: { descriptor: VmdkDescriptor; sectors: bigint }): void {
  const difference = descriptor.sectors > sectors ? descriptor.sectors - sectors : sectors - descriptor.sectors
  const grain = header.readBigUInt64LE(20)
  descriptor.flaws.odd(grain === 0n, 'header', 'its grains are empty')
  descriptor.flaws.odd(
    difference > 0n && difference >= grain,
    'size',
    `its header tells ${sectors} sectors, its descriptor ${descriptor.sectors}`,
  )
}

/** A footer takes the place of the header for those who can seek: it has to say the same. */
function checkFooter(header: Buffer, { tail, flaws }: { tail: Buffer; flaws: Flaws }): void {
  const [marker, footer, last] = [0, 1, 2].map((index) =>
    tail.subarray(index * sectorBytes, (index + 1) * sectorBytes),
  ) as [Buffer, Buffer, Buffer]
  flaws.unsafe(last.length < sectorBytes, 'footer', 'it breaks off before its footer')
  if (last.length < sectorBytes) return
  const isMarked =
    marker.readUInt32LE(8) === 0 && marker.readUInt32LE(12) === footerMarker && isZero(marker.subarray(16))
  flaws.unsafe(!isMarked || !isZero(last), 'footer', 'it does not end with a footer')
  const isSame =
    header.subarray(0, 8).equals(footer.subarray(0, 8)) && header.subarray(28, 44).equals(footer.subarray(28, 44))
  flaws.unsafe(!isSame, 'footer', 'its footer contradicts its header')
  flaws.unsafe(footer.readBigUInt64LE(56) === directoryInFooter, 'footer', 'its footer points to a footer')
  flaws.odd(!header.subarray(12, 20).equals(footer.subarray(12, 20)), 'size', 'its footer tells another size')
}

function* textAlone(magic: Buffer): Probe {
  const first = Buffer.concat([magic, yield* read(4, sectorBytes - 4)])
  const start = textOf(first)
  // qemu takes any bytes for a comment.
  if (start === '' || !(isAscii(first) || start.startsWith('#'))) return null
  const isWhole = start.length < first.length
  const more = isWhole ? '' : textOf(yield* read(sectorBytes, descriptorBytes - sectorBytes))
  const text = start + more
  if (!startsWithVersion(start) && !createType.test(text)) return null
  const { createType: subformat = '', sectors, flaws } = parseDescriptor(text, { isWhole: true })
  return found({ subformat, virtualSizeBytes: usableSize(sectors * BigInt(sectorBytes)), flaws: flaws.found })
}

/** Whether the first line that is neither comment nor blank tells a version: so qemu knows such files, by their first sector. */
function startsWithVersion(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const stop = text.indexOf('\n', at)
    const line = text.slice(at, stop < 0 ? text.length : stop)
    if (!line.startsWith('#') && line.trim() !== '') return /^version=[123]\r?$/.test(line)
    at += line.length + 1
  }
  return false
}

/** Up to the first zero, with which descriptors are filled up. */
function textOf(bytes: Buffer): string {
  const stop = bytes.indexOf(0)
  return bytes.toString('latin1', 0, stop < 0 ? bytes.length : stop)
}

function isAscii(bytes: Buffer): boolean {
  const stop = bytes.indexOf(0)
  return (stop < 0 ? bytes : bytes.subarray(0, stop)).every(
    (byte) => (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13),
  )
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0)
}
