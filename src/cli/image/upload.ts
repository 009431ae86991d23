import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { guessDiskFormat } from '../disk-format.ts'
import { Progress, type ProgressOutput } from '../progress.ts'

/** Data on its way to the service. */
export interface Source {
  /** Undefined for a pipe. */
  readonly sizeBytes: number | undefined
  /** What the data seems to be. */
  readonly diskFormat: string
  open(progress: ProgressOutput | undefined): Readable
}

/**
 * Describes the file that is to be uploaded; `-` is standard input.
 * @throws if it cannot be read, before anything is created.
 */
export async function describeSource(path: string): Promise<Source> {
  if (path === '-') return source(() => process.stdin, { sizeBytes: undefined, diskFormat: 'raw' })
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new Error(error.code === 'ENOENT' ? `There is no file ${path}.` : `${path} cannot be read: ${error.message}`)
  })
  if (stats.isDirectory()) throw new Error(`${path} is a directory.`)
  const read = () => createReadStream(path, { highWaterMark: 2 ** 20 })
  if (!stats.isFile()) return source(read, { sizeBytes: undefined, diskFormat: 'raw' })
  return source(read, { sizeBytes: stats.size, diskFormat: await guessDiskFormat(path) })
}

function source(read: () => Readable, facts: Omit<Source, 'open'>): Source {
  const { sizeBytes } = facts
  return {
    ...facts,
    open: (output) => {
      if (!output) return read()
      const progress = new Progress({ label: 'uploading', totalBytes: sizeBytes, output })
      return Readable.from(show(progress, read()), { objectMode: false, highWaterMark: 2 ** 20 })
    },
  }
}

async function* show(progress: Progress, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* progress.meter(chunks)
  } finally {
    progress.finish()
  }
}
