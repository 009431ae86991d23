import type { Readable } from 'node:stream'

/** Compressions that a program of the system undoes. */
export const programFormats = ['bzip2', 'xz'] as const
export type ProgramFormat = (typeof programFormats)[number]

/** Undoes compressions that the runtime does not know. */
export interface Unpacker {
  /**
   * Gives what is packed in `packed`, which it reads to its end, and closes in any case.
   * @throws import_failed for broken data, for more memory than may be used, where the program is missing; what `packed` fails with
   */
  unpack(format: ProgramFormat, packed: Readable, options: { signal: AbortSignal }): AsyncIterable<Buffer>
}
