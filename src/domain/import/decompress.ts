import { Readable, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { GlimpseError } from '../../errors/error.ts'
import type { ProgramFormat, Unpacker } from '../../ports/unpacker.ts'
import type { ImportData, ImportPlugin } from './plugin.ts'
import { unzipped } from './unzip.ts'

interface Compression {
  readonly name: string
  readonly magic: Buffer
  readonly offset: number
  /** Gives what is packed, whose size nobody knows before. Absent: it is known, and cannot be undone here. */
  readonly unpack?: (packed: Readable, options: UnpackOptions) => AsyncIterable<Buffer>
}

interface UnpackOptions {
  readonly unpacker: Unpacker
  readonly signal: AbortSignal
}

const program =
  (format: ProgramFormat) =>
  (packed: Readable, { unpacker, signal }: UnpackOptions) =>
    unpacker.unpack(format, packed, { signal })

const compressions: readonly Compression[] = [
  {
    ...{ name: 'gzip', magic: Buffer.from([0x1f, 0x8b, 0x08]), offset: 0 },
    unpack: (packed) => through(packed, createGunzip()),
  },
  {
    ...{ name: 'zstd', magic: Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), offset: 0 },
    unpack: (packed) => through(packed, createZstdDecompress()),
  },
  { name: 'xz', magic: Buffer.from('fd377a585a00', 'hex'), offset: 0, unpack: program('xz') },
  { name: 'bzip2', magic: Buffer.from('314159265359', 'hex'), offset: 4, unpack: program('bzip2') },
  { name: 'zip', magic: Buffer.from('504b0304', 'hex'), offset: 0, unpack: unzipped },
  { name: 'lha', magic: Buffer.from('-lh'), offset: 2 },
]
const headBytes = 10

/** Stores compressed data as what it was before, unless it is to be compressed (`container_format`). */
export function imageDecompression(unpacker: Unpacker): ImportPlugin {
  return {
    name: 'image_decompression',
    apply: async (data, { signal }) =>
      data.containerFormat === 'compressed' ? data : decompressed(data, { unpacker, signal }),
  }
}

/**
 * Undoes the compression that the first bytes tell of. The size of what comes out is known to nobody before: whoever reads
 * it sets the limit.
 * @throws import_failed for an archive that cannot be unpacked here; the stream fails with it for broken data, with
 * upload_size_mismatch if the source is not as long as it said
 * @see glance `async_/flows/plugins/image_decompression.py`
 */
export async function decompressed<Data extends Pick<ImportData, 'body' | 'sizeBytes'>>(
  source: Data,
  options: UnpackOptions,
): Promise<Data> {
  const chunks = source.body[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>
  const head = await readHead(chunks)
  const found = compressions.find(({ magic, offset }) => head.subarray(offset, offset + magic.length).equals(magic))
  const whole = Readable.from(exactly(source.sizeBytes, { head, chunks }), { objectMode: false })
  // A generator that was never asked for anything ends nothing.
  const ending = (body: Readable) => body.once('close', () => source.body.destroy())
  if (!found) return { ...source, body: ending(whole) }
  if (!found.unpack) {
    source.body.destroy()
    throw new GlimpseError('import_failed', { reason: `archives of type ${found.name} cannot be unpacked here.` })
  }
  const body = Readable.from(found.unpack(whole, options), { objectMode: false })
  return { ...source, body: ending(body), sizeBytes: null }
}

async function readHead(chunks: AsyncIterator<Buffer, undefined>): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < headBytes) {
    const next = await chunks.next()
    if (next.done) break
    head = Buffer.concat([head, next.value])
  }
  return head
}

/** The head and what follows it: as many bytes as were announced. */
async function* exactly(
  sizeBytes: number | null,
  { head, chunks }: { head: Buffer; chunks: AsyncIterator<Buffer, undefined> },
): AsyncGenerator<Buffer, void> {
  let receivedBytes = head.length
  try {
    if (head.length > 0) yield head
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      receivedBytes += next.value.length
      yield next.value
    }
  } finally {
    await chunks.return?.()
  }
  if (sizeBytes !== null && receivedBytes !== sizeBytes) {
    throw new GlimpseError('upload_size_mismatch', { expectedBytes: sizeBytes, receivedBytes })
  }
}

async function* through(packed: Readable, transform: Transform): AsyncGenerator<Buffer, void> {
  const filled = pipeline(packed, transform)
  // Whoever stops reading ends it, and has heard why by then.
  filled.catch(() => {})
  try {
    yield* transform as AsyncIterable<Buffer>
    await filled
  } catch (cause) {
    if (!/^Z(STD)?_/.test((cause as NodeJS.ErrnoException).code ?? '')) throw cause
    throw new GlimpseError('import_failed', { reason: 'the compressed data is broken.' }, { cause })
  }
}
