import { pipeline, type Readable, Transform } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'

/** The stream without its first `count` bytes. */
export function skip(source: Readable, count: number): Readable {
  if (count === 0) return source
  let left = count
  return through(source, {
    transform(chunk: Buffer, done) {
      const rest = chunk.subarray(Math.min(left, chunk.length))
      left -= chunk.length - rest.length
      done(null, rest)
    },
    flush: (done) => done(null),
  })
}

/** The first `expectedBytes` of the stream; it fails with `blob_truncated` if there are fewer. */
export function exactLength(
  source: Readable,
  { storeId, expectedBytes }: { storeId: string; expectedBytes: number },
): Readable {
  let readBytes = 0
  return through(source, {
    transform(chunk: Buffer, done) {
      const piece = chunk.subarray(0, expectedBytes - readBytes)
      readBytes += piece.length
      done(null, piece)
    },
    flush(done) {
      const isShort = readBytes < expectedBytes
      done(isShort ? new GlimpseError('blob_truncated', { store: storeId, expectedBytes, readBytes }) : null)
    },
  })
}

interface Steps {
  transform(chunk: Buffer, done: (error: Error | null, chunk?: Buffer) => void): void
  flush(done: (error: Error | null) => void): void
}

function through(source: Readable, steps: Steps): Readable {
  const step = new Transform({
    transform: (chunk: Buffer, _encoding, done) => steps.transform(chunk, done),
    flush: (done) => steps.flush(done),
  })
  // Errors and an early end travel both ways; the reader meets them at `step`.
  return pipeline(source, step, () => undefined)
}
