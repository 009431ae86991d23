import { crc32 } from 'node:zlib'

const kib = 1024
const mib = kib * kib

/** Smallest whole images of each format, for a disk of 1 MiB. They hold no data. */
export const diskBytes = mib

export function qcow2({ version = 3 }: { version?: number } = {}): Buffer {
  const data = Buffer.alloc(256 * kib)
  data.write('QFI\xfb', 'latin1')
  data.writeUInt32BE(version, 4)
  data.writeUInt32BE(16, 20)
  data.writeBigUInt64BE(BigInt(diskBytes), 24)
  data.writeUInt32BE(1, 36)
  data.writeBigUInt64BE(BigInt(192 * kib), 40)
  data.writeBigUInt64BE(BigInt(64 * kib), 48)
  data.writeUInt32BE(1, 56)
  if (version === 3) {
    data.writeUInt32BE(4, 96)
    data.writeUInt32BE(104, 100)
  }
  return data
}

export function qed(): Buffer {
  const data = Buffer.alloc(64 * kib)
  data.write('QED\0')
  data.writeUInt32LE(64 * kib, 4)
  data.writeUInt32LE(1, 12)
  data.writeBigUInt64LE(BigInt(diskBytes), 48)
  return data
}

function vhdFooter({ type, sizeBytes, dataOffset }: { type: number; sizeBytes: number; dataOffset: bigint }): Buffer {
  const footer = Buffer.alloc(512)
  footer.write('conectix')
  footer.writeUInt32BE(2, 8)
  footer.writeUInt32BE(0x10000, 12)
  footer.writeBigUInt64BE(dataOffset, 16)
  footer.writeBigUInt64BE(BigInt(sizeBytes), 40)
  footer.writeBigUInt64BE(BigInt(sizeBytes), 48)
  footer.writeUInt32BE(type, 60)
  return signVhdFooter(footer)
}

/** Writes the checksum that belongs to a footer. */
export function signVhdFooter(footer: Buffer): Buffer {
  footer.writeUInt32BE(0, 64)
  footer.writeUInt32BE(~footer.subarray(0, 512).reduce((sum, byte) => sum + byte, 0) >>> 0, 64)
  return footer
}

export function vhd({ type = 3 }: { type?: number } = {}): Buffer {
  const data = Buffer.alloc(4 * kib)
  const footer = vhdFooter({ type, sizeBytes: diskBytes, dataOffset: 512n })
  footer.copy(data)
  data.write('cxsparse', 512)
  data.writeUInt32BE(1, 512 + 28)
  data.writeUInt32BE(2 * mib, 512 + 32)
  footer.copy(data, data.length - 512)
  return data
}

/** A disk as it is, and a footer. */
export function fixedVhd(disk: Buffer = Buffer.alloc(64 * kib)): Buffer {
  return Buffer.concat([disk, vhdFooter({ type: 2, sizeBytes: disk.length, dataOffset: 2n ** 64n - 1n })])
}

/** Where things lie in `vhdx()`. */
export const vhdxPlaces = { regions: 192 * kib, metadata: mib, items: mib + 64 * kib } as const

export function vhdx(): Buffer {
  const { regions, metadata } = vhdxPlaces
  const data = Buffer.alloc(2 * mib)
  data.write('vhdxfile')
  data.write('regi', regions)
  data.writeUInt32LE(2, regions + 8)
  Buffer.from('06a27c8b90479a4bb8fe575f050f886e', 'hex').copy(data, regions + 16)
  data.writeBigUInt64LE(BigInt(metadata), regions + 32)
  data.writeUInt32LE(1, regions + 44)
  Buffer.from('6677c22d23f600429d64115e9bfd4a08', 'hex').copy(data, regions + 48)
  data.writeUInt32LE(1, regions + 76)
  data.write('metadata', metadata)
  data.writeUInt16LE(2, metadata + 10)
  vhdxItem(data, { index: 0, guid: '3767a1ca36fa434db3b633f0aa44e76b', at: 64 * kib })
  vhdxItem(data, { index: 1, guid: '2442a52f1bcd7648b2115dbed83bf4b8', at: 64 * kib + 8 })
  data.writeUInt32LE(mib, metadata + 64 * kib)
  data.writeBigUInt64LE(BigInt(diskBytes), metadata + 64 * kib + 8)
  return data
}

/** Writes an entry of the metadata's table that must be understood. */
export function vhdxItem(data: Buffer, { index, guid, at }: { index: number; guid: string; at: number }): void {
  const entry = vhdxPlaces.metadata + 32 + index * 32
  Buffer.from(guid, 'hex').copy(data, entry)
  data.writeUInt32LE(at, entry + 16)
  data.writeUInt32LE(8, entry + 20)
  data.writeUInt32LE(4, entry + 24)
}

/** The text of a VMware disk of `diskBytes`. */
export function vmdkText({
  type = 'monolithicSparse',
  extents = 'RW 2048 SPARSE "disk.vmdk"',
  more = '',
} = {}): string {
  return `# Disk DescriptorFile
version=1
CID=fffffffe
parentCID=ffffffff
createType="${type}"
${more}
# Extent description
${extents}

# The Disk Data Base
ddb.adapterType = "ide"
`
}

export function vmdk({ text = vmdkText(), footer = false }: { text?: string; footer?: boolean } = {}): Buffer {
  const data = Buffer.alloc(64 * kib)
  data.write('KDMV')
  data.writeUInt32LE(footer ? 3 : 1, 4)
  data.writeBigUInt64LE(BigInt(diskBytes / 512), 12)
  data.writeBigUInt64LE(128n, 20)
  data.writeBigUInt64LE(1n, 28)
  data.writeBigUInt64LE(20n, 36)
  data.writeUInt32LE(512, 44)
  data.writeBigUInt64LE(footer ? 2n ** 64n - 1n : 21n, 56)
  data.write(text, 512)
  if (!footer) return data
  const last = data.length - 1536
  data.writeBigUInt64LE(1n, last)
  data.writeUInt32LE(3, last + 12)
  data.copy(data, last + 512, 0, 512)
  data.writeBigUInt64LE(21n, last + 512 + 56)
  return data
}

export function vdi({ type = 1 }: { type?: number } = {}): Buffer {
  const data = Buffer.alloc(4 * kib)
  data.write('<<< Oracle VM VirtualBox Disk Image >>>\n')
  data.writeUInt32LE(0xbeda107f, 64)
  data.writeUInt32LE(0x10001, 68)
  data.writeUInt32LE(type, 76)
  data.writeUInt32LE(512, 360)
  data.writeBigUInt64LE(BigInt(diskBytes), 368)
  data.writeUInt32LE(mib, 376)
  data.writeUInt32LE(1, 384)
  return data
}

export function iso(): Buffer {
  const data = Buffer.alloc(64 * kib)
  data.write('\x01CD001\x01', 32 * kib, 'latin1')
  data.writeUInt32LE(diskBytes / 2048, 32 * kib + 80)
  data.writeUInt16LE(2048, 32 * kib + 128)
  return data
}

export function mbr({ sizeBytes = 64 * kib }: { sizeBytes?: number } = {}): Buffer {
  const data = Buffer.alloc(sizeBytes)
  data[446] = 0x80
  data[450] = 0x83
  data.writeUInt32LE(64, 454)
  data.writeUInt32LE(64, 458)
  data.writeUInt16LE(0xaa55, 510)
  return data
}

export function gpt({ sectorBytes = 512 }: { sectorBytes?: number } = {}): Buffer {
  const data = Buffer.alloc(64 * kib)
  data.writeUIntBE(0x000200, 447, 3)
  data[450] = 0xee
  data.writeUInt32LE(1, 454)
  data.writeUInt32LE(0xffffffff, 458)
  data.writeUInt16LE(0xaa55, 510)
  data.write('EFI PART', sectorBytes)
  data.writeUInt32LE(0x10000, sectorBytes + 8)
  data.writeUInt32LE(92, sectorBytes + 12)
  data.writeBigUInt64LE(1n, sectorBytes + 24)
  data.writeBigUInt64LE(2n, sectorBytes + 72)
  data.writeUInt32LE(128, sectorBytes + 80)
  data.writeUInt32LE(128, sectorBytes + 84)
  data.write('a partition', 2 * sectorBytes)
  data.writeUInt32LE(crc32(data.subarray(2 * sectorBytes, 2 * sectorBytes + 16 * kib)), sectorBytes + 88)
  return signGptHeader(data, sectorBytes)
}

/** Writes the checksum that belongs to the header of a table at `at`. */
export function signGptHeader(data: Buffer, at: number): Buffer {
  data.writeUInt32LE(0, at + 16)
  data.writeUInt32LE(crc32(data.subarray(at, at + 92)), at + 16)
  return data
}

export function luks({ version = 1 }: { version?: number } = {}): Buffer {
  const data = Buffer.alloc(64 * kib)
  data.write('LUKS\xba\xbe', 'latin1')
  data.writeUInt16BE(version, 6)
  data.writeUInt32BE(64, 104)
  return data
}

export function ploop(): Buffer {
  const data = Buffer.alloc(4 * kib)
  data.write('WithouFreSpacExt')
  data.writeUInt32LE(2, 16)
  data.writeUInt32LE(2048, 28)
  data.writeUInt32LE(1, 32)
  data.writeBigUInt64LE(BigInt(diskBytes / 512), 36)
  return data
}

export function ova(): Buffer {
  const data = Buffer.alloc(4 * kib)
  data.write('machine.ovf')
  data.write('ustar', 257)
  return data
}

/** Changes a copy. */
export function changed(data: Buffer, change: (data: Buffer) => void): Buffer {
  const copy = Buffer.from(data)
  change(copy)
  return copy
}
