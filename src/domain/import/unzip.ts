import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import { GlimpseError } from '../../errors/error.ts'
import { ByteReader } from './byte-reader.ts'

const signatures = { file: 0x04034b50, descriptor: 0x08074b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50 }
const methods = { stored: 0, deflated: 8 }
const flagBits = { encrypted: 1, sizesFollow: 8, strong: 64 }
const zip64 = { extra: 1, marker: 0xffffffff }

interface FileHeader {
  readonly method: number
  /** Undefined: they follow the data. */
  readonly told: { readonly packedBytes: number; readonly sizeBytes: number; readonly crc: number } | undefined
}

/**
 * Gives the one file of a ZIP archive while the archive passes by, from its first byte to its last.
 * @throws import_failed unless it is an archive of one file that this can unpack and whose checksum and size are right
 * @see PKWARE `APPNOTE.TXT`, 4.3
 */
export async function* unzipped(archive: Readable): AsyncGenerator<Buffer, void> {
  const reader = new ByteReader(archive, () => fail('the archive breaks off.'))
  const header = await readHeader(reader)
  const seen = { crc: 0, sizeBytes: 0 }
  const data = header.method === methods.stored ? stored(reader, header) : inflated(reader)
  const startedAt = reader.position
  for await (const chunk of data) {
    seen.crc = crc32(chunk, seen.crc)
    seen.sizeBytes += chunk.length
    yield chunk
  }
  const found = { ...seen, packedBytes: reader.position - startedAt }
  const { told } = header
  const isRight = told ? isSame(found, told) : await readDescriptor(reader, found)
  if (!isRight) fail('the checksum or the size of the file in the archive is wrong.')
  await readDirectory(reader)
}

async function readHeader(reader: ByteReader): Promise<FileHeader> {
  const header = await reader.take(30)
  if (header.readUInt32LE(0) !== signatures.file) fail('the archive does not begin with a file.')
  const flags = header.readUInt16LE(6)
  if (flags & (flagBits.encrypted | flagBits.strong)) fail('the archive is encrypted.')
  const method = header.readUInt16LE(8)
  if (!Object.values(methods).includes(method)) fail(`method ${method} of ZIP archives is not known.`)
  const name = await reader.take(header.readUInt16LE(26))
  if (name.at(-1) === '/'.charCodeAt(0)) fail('the archive holds a folder.')
  const extra = await reader.take(header.readUInt16LE(28))
  if (flags & flagBits.sizesFollow) {
    if (method === methods.stored) fail('the archive does not tell where its file ends.')
    return { method, told: undefined }
  }
  const [packed, size] = [header.readUInt32LE(18), header.readUInt32LE(22)]
  const large = packed === zip64.marker || size === zip64.marker ? largeSizes(extra) : undefined
  return {
    method,
    told: {
      crc: header.readUInt32LE(14),
      sizeBytes: size === zip64.marker ? (large?.sizeBytes ?? size) : size,
      packedBytes: packed === zip64.marker ? (large?.packedBytes ?? packed) : packed,
    },
  }
}

/** Sizes of more than 32 bits, both of which a file's header must have. */
function largeSizes(extra: Buffer): { sizeBytes: number; packedBytes: number } | undefined {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== zip64.extra || at + 20 > extra.length) continue
    return {
      sizeBytes: Number(extra.readBigUInt64LE(at + 4)),
      packedBytes: Number(extra.readBigUInt64LE(at + 12)),
    }
  }
  return undefined
}

async function* stored(reader: ByteReader, { told }: FileHeader): AsyncGenerator<Buffer, void> {
  for (let left = told?.packedBytes ?? 0; left > 0; ) {
    const chunk = await reader.takeSome(left)
    left -= chunk.length
    yield chunk
  }
}

/** Ends where the compressed data ends; what the last chunk holds behind it is left to the reader. */
async function* inflated(reader: ByteReader): AsyncGenerator<Buffer, void> {
  const inflate = createInflateRaw()
  const isEnded = once(inflate, 'end').then(() => true)
  isEnded.catch(() => {})
  const feeding = (async () => {
    for (;;) {
      const chunk = await reader.takeSome(Number.POSITIVE_INFINITY)
      const before = inflate.bytesWritten
      const isTaken = new Promise<boolean>((resolve, reject) => {
        inflate.write(chunk, (error) => (error ? reject(error) : resolve(false)))
      })
      await Promise.race([isTaken, isEnded])
      const usedBytes = inflate.bytesWritten - before
      if (usedBytes < chunk.length) return reader.putBack(chunk.subarray(usedBytes))
    }
  })()
  feeding.catch((error: Error) => inflate.destroy(error))
  try {
    yield* inflate as AsyncIterable<Buffer>
    await feeding
  } catch (cause) {
    if (!(cause as NodeJS.ErrnoException).code?.startsWith('Z_')) throw cause
    throw new GlimpseError('import_failed', { reason: 'the compressed data is broken.' }, { cause })
  } finally {
    inflate.destroy()
  }
}

type Sums = { readonly crc: number; readonly sizeBytes: number; readonly packedBytes: number }

function isSame(a: Sums, b: Sums): boolean {
  return a.crc === b.crc && a.sizeBytes === b.sizeBytes && a.packedBytes === b.packedBytes
}

/** Sums that follow the data, with a signature or without one, and with sizes of 32 or of 64 bits. */
async function readDescriptor(reader: ByteReader, found: Sums): Promise<boolean> {
  const first = (await reader.take(4)).readUInt32LE(0)
  const crc = first === signatures.descriptor ? (await reader.take(4)).readUInt32LE(0) : first
  const small = await reader.take(8)
  const sums = { crc, packedBytes: small.readUInt32LE(0), sizeBytes: small.readUInt32LE(4) }
  if (isSame(sums, found)) return true
  const large = Buffer.concat([small, await reader.take(8)])
  const sizes = { packedBytes: Number(large.readBigUInt64LE(0)), sizeBytes: Number(large.readBigUInt64LE(8)) }
  return isSame({ crc, ...sizes }, found)
}

/** What follows the file: a directory with that one entry. */
async function readDirectory(reader: ByteReader): Promise<void> {
  const next = (await reader.take(4)).readUInt32LE(0)
  if (next === signatures.file) fail('the archive holds more than one file.')
  if (next !== signatures.entry) fail('the archive is broken.')
  const entry = await reader.take(42)
  const lengths = [24, 26, 28].map((at) => entry.readUInt16LE(at))
  for (const length of lengths) await reader.take(length)
  const end = (await reader.take(4)).readUInt32LE(0)
  if (end === signatures.entry) fail('the archive holds more than one file.')
  if (end !== signatures.end && end !== signatures.end64) fail('the archive is broken.')
  await reader.drain()
}

function fail(reason: string): never {
  throw new GlimpseError('import_failed', { reason })
}
