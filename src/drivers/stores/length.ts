import { pipeline, type Readable, Transform } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'

/** The stream without its first `count` bytes. */
export function skip(source: Readable, count: number): Readable {
  if (count === 0) return source
  let left = count
  const step = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const rest = chunk.subarray(Math.min(left, chunk.length))
      left -= chunk.length - rest.length
      done(null, rest)
    },
  })
  // Errors and an early end travel both ways; the reader meets them at `step`.
  return pipeline(source, step, () => undefined)
}

/**
 * The first `expectedBytes` of the stream, whose rest is not waited for; it fails with `blob_truncated` if there are
 * fewer.
 */
export function exactLength(
  source: Readable,
  { storeId, expectedBytes }: { storeId: string; expectedBytes: number },
): Readable {
  let readBytes = 0
  let isCut = false
  const step = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const piece = chunk.subarray(0, expectedBytes - readBytes)
      readBytes += piece.length
      done(null, piece)
      if (piece.length < chunk.length) {
        isCut = true
        source.unpipe(step).destroy()
        step.end()
      }
    },
    flush(done) {
      const isShort = readBytes < expectedBytes
      done(isShort ? new GlimpseError('blob_truncated', { store: storeId, expectedBytes, readBytes }) : null)
    },
  })
  source.pipe(step)
  // Some sources call it a failure to be left. Any other failure counts, also behind the last byte: a checksum is compared there.
  source.on('error', (error) => {
    if (!isCut) step.destroy(error)
  })
  source.once('close', () => {
    if (!isCut && !step.destroyed) step.end()
  })
  step.once('close', () => source.destroy())
  return step
}
