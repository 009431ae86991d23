import type { Readable } from 'node:stream'

/** What lies at an address on the web. */
export interface FetchedData {
  readonly body: Readable
  /** Size of all the data. Null: the server does not tell. */
  readonly sizeBytes: number | null
  /** Where `body` begins: 0 although another part was asked for, if the data has changed or the server gives no parts. */
  readonly offsetBytes: number
  /** Tells the data from what else may lie at the address at another time; null: nothing does. */
  readonly validator: string | null
}

/** From where on data is to be fetched, if it is still the same. */
export interface FetchFrom {
  readonly offsetBytes: number
  /** Null: the data at the address never changes. */
  readonly validator: string | null
}

export interface FetchOptions {
  readonly signal: AbortSignal
  /** They go to the named server only, not to one that it redirects to. */
  readonly headers?: Readonly<Record<string, string>>
  readonly from?: FetchFrom
}

/** Fetches what users name by an address, and nothing that the operator does not want to be reached. */
export interface Fetcher {
  /** Judges an address, and those that its host resolves to, without connecting. @throws url_refused */
  check(url: string): Promise<void>
  /**
   * Opens what lies there. Only addresses that were judged are connected to, and redirects are judged in the same way.
   * The stream fails if the server ends early.
   * @throws url_refused, fetch_refused (the server says that it is not there), fetch_failed (retriable)
   */
  open(url: string, options: FetchOptions): Promise<FetchedData>
  close(): Promise<void>
}
