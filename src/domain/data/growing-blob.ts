import type { Readable } from 'node:stream'
import type { ByteRange, StoreCallOptions } from '../../ports/blob-store.ts'

/** Data in a local file that somebody else is still writing. The one who opened it closes it. */
export interface GrowingBlob {
  readonly fd: number
  /**
   * Resolves with how far the file can be read, once that is beyond `offset`.
   * @throws when it will not grow that far: the reader then goes on with `openRest`
   */
  ready(offset: number, options?: { signal?: AbortSignal }): Promise<number>
  /** The same data from elsewhere. @throws what the store throws */
  openRest(range: Required<ByteRange>, options: StoreCallOptions): Promise<Readable>
  close(): Promise<void>
}
