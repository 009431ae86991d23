import { crc32, deflateRawSync } from 'node:zlib'

export interface ZipFile {
  readonly name?: string
  readonly data: Buffer
  readonly method?: 'stored' | 'deflated'
  /** Sizes and checksum come behind the data, as those write them who do not know them before. */
  readonly sizesFollow?: 'small' | 'large' | 'unsigned'
  /** Sizes in 64 bits. */
  readonly isLarge?: boolean
  readonly flags?: number
}

/** An archive of the files, with its directory. */
export function zip(files: readonly ZipFile[]): Buffer {
  const parts = files.map(part)
  const entries = files.map(({ name = 'disk' }) => {
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50)
    entry.writeUInt16LE(name.length, 28)
    return Buffer.concat([entry, Buffer.from(name)])
  })
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50)
  return Buffer.concat([...parts, ...entries, end])
}

function part({ name = 'disk', data, method = 'deflated', sizesFollow, isLarge = false, flags = 0 }: ZipFile): Buffer {
  const packed = method === 'stored' ? data : deflateRawSync(data)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50)
  header.writeUInt16LE(flags | (sizesFollow ? 8 : 0), 6)
  header.writeUInt16LE(method === 'stored' ? 0 : 8, 8)
  header.writeUInt16LE(name.length, 26)
  const extra = Buffer.alloc(isLarge ? 20 : 0)
  header.writeUInt16LE(extra.length, 28)
  if (isLarge) {
    extra.writeUInt16LE(1)
    extra.writeUInt16LE(16, 2)
    extra.writeBigUInt64LE(BigInt(data.length), 4)
    extra.writeBigUInt64LE(BigInt(packed.length), 12)
  }
  if (!sizesFollow) {
    header.writeUInt32LE(crc32(data), 14)
    header.writeUInt32LE(isLarge ? 0xffffffff : packed.length, 18)
    header.writeUInt32LE(isLarge ? 0xffffffff : data.length, 22)
  }
  return Buffer.concat([
    ...[header, Buffer.from(name), extra, packed],
    sizesFollow ? descriptor({ data, packed, kind: sizesFollow }) : Buffer.alloc(0),
  ])
}

function descriptor({ data, packed, kind }: { data: Buffer; packed: Buffer; kind: string }): Buffer {
  const sums = Buffer.alloc(kind === 'large' ? 24 : 16)
  sums.writeUInt32LE(0x08074b50)
  sums.writeUInt32LE(crc32(data), 4)
  if (kind === 'large') {
    sums.writeBigUInt64LE(BigInt(packed.length), 8)
    sums.writeBigUInt64LE(BigInt(data.length), 16)
  } else {
    sums.writeUInt32LE(packed.length, 8)
    sums.writeUInt32LE(data.length, 12)
  }
  return kind === 'unsigned' ? sums.subarray(4) : sums
}
