import type { Readable } from 'node:stream'

/** A file without a name: nothing of it is left once it is closed, or when the process dies. Whoever has made it closes it. */
export interface ScratchFile extends AsyncDisposable {
  readonly fd: number
  /** Appends. @throws storage_full */
  write(chunk: Uint8Array): Promise<void>
  /** Bytes, holes included. */
  size(): Promise<number>
  /** Gives the data from its beginning, and closes the file when the stream is closed. */
  drain(): Readable
}

/** Room for data that programs work on, on a disk of this machine. */
export interface ScratchSpace {
  /** @throws storage_full, storage_write_denied, store_unavailable */
  create(): Promise<ScratchFile>
}
