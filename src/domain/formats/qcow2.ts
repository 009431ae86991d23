import { end, Flaws, has, type Probe, read, truncated, usableSize } from './probe.ts'

const dataFileBit = 1n << 2n
const extendedL2Bit = 1n << 4n
/** Dirty, corrupt, data file, compression type, extended L2 entries. */
const knownBits = 0b1_1111n
const dataFileNameExtension = 0x44415441
const wideHeaderBytes = 104

/** QEMU's copy-on-write disks. @see qemu `docs/interop/qcow2.txt` */
export function* qcow2(): Probe {
  const header = yield* read(0, 4096)
  if (!has(header, 'QFI\xfb')) return null
  if (header.length < 512) return { format: 'qcow2', virtualSizeBytes: null, flaws: [truncated] }
  const version = header.readUInt32BE(4)
  const flaws = new Flaws()
  flaws.foreign(header.readBigUInt64BE(8) !== 0n, 'backing_file', 'it has a backing file')
  flaws.unsafe(version !== 2 && version !== 3, 'unknown_features', `it is of version ${version}`)
  const features = version === 3 ? header.readBigUInt64BE(72) : 0n
  flaws.foreign((features & dataFileBit) !== 0n, 'data_file', 'its data lies in another file')
  flaws.unsafe((features & ~knownBits) !== 0n, 'unknown_features', 'it needs features that are not known')
  const size = header.readBigUInt64BE(24)
  const isReadable = checkGeometry(header, { version, features, flaws })
  const { sizeBytes } = yield* end()
  const tableEnd = header.readBigUInt64BE(40) + BigInt(header.readUInt32BE(36)) * 8n
  flaws.odd(isReadable && tableEnd > BigInt(sizeBytes), 'size', 'its tables lie beyond its end')
  return { format: 'qcow2', virtualSizeBytes: usableSize(size), flaws: flaws.found }
}

/** @returns whether the numbers make sense */
function checkGeometry(
  header: Buffer,
  { version, features, flaws }: { version: number; features: bigint; flaws: Flaws },
): boolean {
  const clusterBits = header.readUInt32BE(20)
  const isReadable = clusterBits >= 9 && clusterBits <= 21
  flaws.odd(!isReadable, 'header', `its clusters have 2^${clusterBits} bytes`)
  flaws.odd(header.readUInt32BE(32) > 2, 'header', 'its encryption is not known')
  if (version === 3) checkWideHeader(header, flaws)
  if (!isReadable) return false
  const cluster = 1n << BigInt(clusterBits)
  const size = header.readBigUInt64BE(24)
  const entryBytes = (features & extendedL2Bit) === 0n ? 8n : 16n
  const covered = BigInt(header.readUInt32BE(36)) * cluster * (cluster / entryBytes)
  flaws.odd(covered < size, 'size', `its tables cover ${covered} of ${size} bytes`)
  return true
}

function checkWideHeader(header: Buffer, flaws: Flaws): void {
  const length = header.readUInt32BE(100)
  flaws.odd(length < wideHeaderBytes || length % 8 !== 0, 'header', `its header claims ${length} bytes`)
  flaws.odd(header.readUInt32BE(96) > 6, 'header', 'its reference counts are too wide')
  for (let at = Math.max(length, wideHeaderBytes); at + 8 <= header.length; ) {
    const type = header.readUInt32BE(at)
    if (type === 0) return
    flaws.foreign(type === dataFileNameExtension, 'data_file', 'it names a data file')
    at += 8 + Math.ceil(header.readUInt32BE(at + 4) / 8) * 8
  }
}
