import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import type { GrowingBlob } from '../../domain/data/growing-blob.ts'
import type { BlobSource } from '../../domain/data/open-places.ts'
import type { ByteRange } from '../../ports/blob-store.ts'

const pieceBytes = 512 * 1024

/** The bytes of `range` as a stream; a source that is a stream holds just them. It leaves the source open. */
export function sourceStream(
  source: BlobSource,
  range: Required<ByteRange>,
  { signal }: { signal: AbortSignal },
): Readable {
  if ('stream' in source) return source.stream
  if ('file' in source) return fileStream(source.file.fd, range)
  return Readable.from(growingPieces(source.growing, range, signal), { objectMode: false })
}

/** What does not come into the file is read where it comes from. */
async function* growingPieces(
  growing: GrowingBlob,
  range: Required<ByteRange>,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const end = range.offset + range.length
  for (let { offset } = range; offset < end; ) {
    const readyEnd = await growing.ready(offset, { signal }).catch(() => undefined)
    signal.throwIfAborted()
    const isReady = readyEnd !== undefined
    const part = { offset, length: (isReady ? Math.min(end, readyEnd) : end) - offset }
    const stream = isReady ? fileStream(growing.fd, part) : await growing.openRest(part, { signal })
    yield* stream as AsyncIterable<Buffer>
    offset += part.length
  }
}

function fileStream(fd: number, { offset, length }: Required<ByteRange>): Readable {
  return createReadStream('', {
    fd,
    autoClose: false,
    start: offset,
    end: offset + length - 1,
    highWaterMark: pieceBytes,
  })
}
