import type { Readable } from 'node:stream'
import { RelayRead } from './relay-read.ts'

/** Opens the rest of the data, after `readBytes` of it were read. @throws when nothing can give it */
export type OpenRest = (readBytes: number, failure: Error) => Promise<Readable>

/** One stream over several sources of the same data: when one fails, another goes on where it stopped. */
export class ResumingRead extends RelayRead {
  readonly #openRest: OpenRest
  #readBytes = 0

  constructor(first: Readable, { storeId, openRest }: { storeId: string; openRest: OpenRest }) {
    super(first, { storeId })
    this.#openRest = openRest
    this.attach(first)
  }

  protected override passing(chunk: Buffer): void {
    this.#readBytes += chunk.length
  }

  protected override sourceFailed(failure: Error): void {
    this.#openRest(this.#readBytes, failure).then(
      (source) => {
        if (this.destroyed) source.destroy()
        else this.attach(source)
      },
      (error: Error) => this.destroy(error),
    )
  }
}
