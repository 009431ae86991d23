import type { Readable } from 'node:stream'

/** What lies at an address on the web. */
export interface FetchedData {
  readonly body: Readable
  /** Null: the server does not tell. */
  readonly sizeBytes: number | null
}

/** Fetches what users name by an address, and nothing that the operator does not want to be reached. */
export interface Fetcher {
  /** Judges an address, and those that its host resolves to, without connecting. @throws url_refused */
  check(url: string): Promise<void>
  /**
   * Opens what lies there. Only addresses that were judged are connected to, and redirects are judged in the same way.
   * The stream fails if the server ends early. `headers` go to the named server only, not to one that it redirects to.
   * @throws url_refused, fetch_refused (the server says that it is not there), fetch_failed (retriable)
   */
  open(url: string, options: { signal: AbortSignal; headers?: Readonly<Record<string, string>> }): Promise<FetchedData>
  close(): Promise<void>
}
