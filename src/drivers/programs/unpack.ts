import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { GlimpseError } from '../../errors/error.ts'
import type { ProgramFormat, Unpacker } from '../../ports/unpacker.ts'
import { isMissing, startLimited } from './limited-process.ts'

/** What xz may use itself: the largest of its presets needs 65 MiB. */
const dictionaryBytes = 256 * 2 ** 20
const limits = { memoryBytes: 2 * dictionaryBytes, fileBytes: 0 }

const commands: Readonly<Record<ProgramFormat, readonly string[]>> = {
  bzip2: ['bzip2', '--decompress', '--stdout', '--quiet'],
  xz: ['xz', '--format=xz', '--decompress', '--stdout', '--quiet', `--memlimit-decompress=${dictionaryBytes}`],
}

/** Unpacks with the programs `bzip2` and `xz`, which every Debian has. They see two pipes and no files. */
export const programUnpacker: Unpacker = { unpack }

async function* unpack(
  format: ProgramFormat,
  packed: Readable,
  { signal }: { signal: AbortSignal },
): AsyncGenerator<Buffer, void> {
  const finished = new AbortController()
  const { child, ended } = startLimited(commands[format], {
    limits,
    signal: AbortSignal.any([signal, finished.signal]),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const { stdin, stdout } = child
  if (!stdin || !stdout) throw new Error('the program has no pipes')
  const source = { failure: undefined as unknown }
  const isFed = pipeline(watched(packed, source), stdin).then(
    () => true,
    () => false,
  )
  try {
    yield* stdout as AsyncIterable<Buffer>
    const end = await ended
    signal.throwIfAborted()
    if (source.failure) throw source.failure
    if (isMissing(end)) fail(`${format}, or what limits it (setpriv, prlimit), is not installed here.`)
    if (/memory usage limit/i.test(end.complaint)) fail(`the data needs more memory than ${format} may use.`)
    if (end.code !== 0) fail('the compressed data is broken.')
    if (!(await isFed)) fail('there is other data behind the compressed data.')
  } finally {
    finished.abort()
    packed.destroy()
    await ended
  }
}

/** Notes why the source has failed: a pipeline tells that in the same way as that nobody takes its data. */
async function* watched(packed: Readable, source: { failure: unknown }): AsyncGenerator<Buffer, void> {
  try {
    yield* packed as AsyncIterable<Buffer>
  } catch (error) {
    source.failure = error
    throw error
  }
}

function fail(reason: string): never {
  throw new GlimpseError('import_failed', { reason })
}
