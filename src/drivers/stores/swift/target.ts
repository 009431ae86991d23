import type { ListedBlob } from '../../../ports/blob-store.ts'
import type { SwiftClient } from './client.ts'
import type { ObjectPlace } from './location.ts'

/** Where one image lies, and the account to reach it with. */
export interface Target {
  readonly client: SwiftClient
  readonly place: ObjectPlace
  /** Takes back what was made for a write that is aborted, beside its objects. */
  discard(): Promise<void>
  /** Ends what was set up to reach the account. */
  close(): Promise<void>
}

/** A container of the service for images, and the account that holds it. */
export interface OwnContainer {
  readonly client: SwiftClient
  readonly container: string
}

/** Finds the accounts that images lie in. */
export interface Accounts {
  /** For a new image. The container is there then. @throws store_unavailable, store_misconfigured */
  create(key: string, options: AccountOptions & { isLarge: boolean }): Promise<Target & { readonly url: string }>
  /** Where a new image would lie; nothing is made for it. @throws store_unavailable */
  place(key: string, options: AccountOptions): Promise<Target>
  /** The service's own containers for images; absent where each project has its own. */
  containers?(options: { signal?: AbortSignal }): AsyncIterable<OwnContainer>
  /** For an image that lies at `url`. @throws store_unavailable */
  find(url: string, options: AccountOptions): Promise<Target>
  /**
   * For data at a `url` that a caller wrote: reached with the login in it, or with his token, and never with the service's own.
   * @throws blob_not_found if there is none, store_unavailable
   */
  findAsWritten(url: string, options: AccountOptions): Promise<Target>
  /** The location as it would be written today; absent where each project's account holds its own images. */
  currentUrl?(url: string): string
  /** Whether the service knows the server that an `url` of a caller names. */
  knowsServer?(url: string): boolean
  /** The store's images by the begin of their ids; absent where each project's account holds its own. @throws store_unavailable */
  list?(options: { prefix: string; signal?: AbortSignal }): AsyncIterable<ListedBlob>
}

export interface AccountOptions {
  readonly signal?: AbortSignal
  readonly requester?: { readonly projectId: string | null; readonly token: string | null }
}
