import type { Readable } from 'node:stream'
import type { RequestContext } from './context.ts'

/** Bytes `[offset, offset + length)`; `length` undefined: to the end. */
export interface ByteRange {
  readonly offset: number
  readonly length?: number
}

/** On whose behalf data is handled; stores that keep data in the account of each project need it, others ignore it. */
export type Requester = Pick<RequestContext, 'userId' | 'projectId' | 'token'>

/** What every call on a store may carry. */
export interface StoreCallOptions {
  readonly signal?: AbortSignal
  /** Absent: the service acts for itself. */
  readonly requester?: Requester
}

/** Who else may read an image's data at the store itself. */
export interface Readers {
  /** Everybody may. */
  readonly everyone: boolean
  /** Projects that may, unless everybody may. */
  readonly projectIds: readonly string[]
}

export interface StoreCapabilities {
  /** `open` honours ranges without reading what lies before. */
  readonly randomRead: boolean
  /** The driver itself tries `open`, `size` and `delete` again when they fail for a moment. */
  readonly retries?: boolean
  /** Its URLs lead to servers of others: the failure of one tells nothing of the next. */
  readonly manyServers?: boolean
}

/** What a finished write leaves: the location to record. */
export interface WrittenBlob {
  /** Location URL in the reference's form, e.g. `file:///var/lib/glance/images/<id>`. */
  readonly url: string
  readonly sizeBytes: number
  /** Goes into the location's metadata beside the store's id. */
  readonly metadata: Readonly<Record<string, unknown>>
}

/**
 * One blob being written. Nothing is visible before `commit`; after `abort` nothing is left.
 * From `create` to `settle` or `abort` the store can tell the write of a living process from that of a dead one.
 */
export interface BlobWriter {
  /**
   * Resolves when the store can take more (backpressure). The chunk, which may lie in shared memory, may be reused by
   * the caller afterwards. Calls do not overlap.
   * @throws storage_full, store_unavailable, storage_write_denied
   */
  write(chunk: Uint8Array): Promise<void>
  /** Makes the blob durable and visible. @throws blob_exists, storage_full, store_unavailable */
  commit(): Promise<WrittenBlob>
  /** Ends the write once the blob is recorded: from now on it stays even if this process dies. */
  settle(): Promise<void>
  /** Removes what was written, the committed blob too unless it is settled. Safe after any failure, and twice. */
  abort(): Promise<void>
}

/** A write whose process died between `create` and `settle`. Held by the finder until it is discarded or released. */
export interface AbandonedWrite {
  readonly key: string
  /** Removes the blob, if the write got as far as `commit`. A blob that another write made stays. */
  removeBlob(): Promise<void>
  /** Removes what is left of the write itself: nobody will find it again. */
  discard(): Promise<void>
  /** Leaves it to the next finder. */
  release(): Promise<void>
}

/** A blob that a store has under the id of an image. */
export interface ListedBlob {
  /** The image's id. */
  readonly key: string
  /** In the form of the store's own locations. */
  readonly url: string
}

/** Ids of images. Whoever shares a place with a store uses other names. */
export const imageIdPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/

/**
 * The beginning of a blob that a dead process of this machine has written, since the machine was started: all of it, in
 * order. Held by the finder until it is discarded or released.
 */
export interface BegunWrite {
  readonly sizeBytes: number
  /** The first `lengthBytes` of it. The stream neither discards nor releases. */
  open(options: { lengthBytes: number }): Readable
  /** Removes it. */
  discard(): Promise<void>
  /** Leaves it to the next finder. */
  release(): Promise<void>
}

/** Data that lies in a local file, open for reading. The one who opened it closes it. */
export interface LocalBlob {
  readonly fd: number
  readonly sizeBytes: number
  close(): Promise<void>
}

/**
 * A place where image data lies. Drivers translate their vendor's errors at their edge.
 * @see glance_store `driver.py`
 */
export interface BlobStore {
  /** Backend id of `enabled_backends`, or the scheme in a single-store set-up. */
  readonly id: string
  /** Schemes of the URLs it serves; the first one is that of its own locations. */
  readonly schemes: readonly string[]
  readonly capabilities: StoreCapabilities
  /** True for URLs in the place where this store puts its own data. Tells stores with the same scheme apart. */
  owns?(url: string): boolean
  /** The URL of the same data as this store would write it today; absent where that never changes. */
  currentUrl?(url: string): string
  /** Absent where nothing can be written. Starts a blob for image `key`. `sizeBytes` null: unknown until the end. @throws blob_exists, storage_full, store_unavailable */
  create?(key: string, options: StoreCallOptions & { sizeBytes: number | null }): Promise<BlobWriter>
  /**
   * Opens the data at `url`. The stream fails with `blob_truncated` if the store ends early; it never ends short in silence.
   * @throws blob_not_found, store_unavailable
   */
  open(url: string, options: StoreCallOptions & { range?: ByteRange }): Promise<Readable>
  /** @throws blob_not_found, store_unavailable */
  size(url: string, options?: StoreCallOptions): Promise<number>
  /**
   * The size, learnt with the credentials in the URL alone and never with the service's own: for URLs that callers write,
   * who could otherwise point to data of others. Absent where URLs hold no credentials.
   * @throws blob_not_found, store_unavailable
   */
  sizeAsWritten?(url: string, options?: StoreCallOptions): Promise<number>
  /**
   * Whether a caller with no more than a project's rights may have the data at `url` as that of an image. Nothing is
   * asked of the store. Absent: whatever `sizeAsWritten` or `size` finds.
   */
  admits?(url: string, options: { imageId: string }): boolean
  /** Absent where nothing can be deleted. @throws blob_not_found, blob_in_use, storage_write_denied, store_unavailable */
  delete?(url: string, options?: StoreCallOptions): Promise<void>
  /**
   * Says who may read the data at the store itself, beside the account that holds it. Absent where the store keeps all
   * data in an account of its own.
   * @throws blob_not_found, store_unavailable
   * @see glance_store `driver.py` `set_acls`
   */
  setReaders?(url: string, options: StoreCallOptions & { readers: Readers }): Promise<void>
  /**
   * Opens the data at `url` as a local file, for zero-copy sending; absent where there is none.
   * @throws blob_not_found, store_unavailable
   */
  openFile?(url: string): Promise<LocalBlob>
  /**
   * Finds writes that no living process owns, here or on another host that shares the store.
   * Absent where the store cannot tell or leaves nothing.
   */
  abandoned?(): AsyncIterable<AbandonedWrite>
  /**
   * The finished blobs whose names are ids of images beginning with `prefix`, in the place where this store puts its own
   * data; in any order, with bounded memory as far as the store allows. Absent where the place cannot be listed.
   * @throws store_unavailable
   */
  list?(options: StoreCallOptions & { prefix: string }): AsyncIterable<ListedBlob>
  /** Finds the longest beginning that a dead process has left of the blob `key`. Absent where none can be relied on. */
  begun?(key: string): Promise<BegunWrite | undefined>
  /**
   * Removes what lies under the key of an image and what dead processes left of writes to it. The caller knows that no
   * image has its data there. Absent where `abandoned` tells at once of all that a dead process leaves.
   * @throws store_unavailable, storage_write_denied
   */
  clear?(key: string, options?: StoreCallOptions): Promise<void>
  close(): Promise<void>
}
