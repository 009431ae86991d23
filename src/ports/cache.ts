import type { LocalBlob } from './blob-store.ts'

/** What is known of an image in the cache of a node. */
export interface CacheRecord {
  readonly imageId: string
  readonly sizeBytes: number
  /** Downloads served from the cache. */
  readonly hits: number
  readonly lastAccessed: Date
  readonly lastModified: Date
  /** MD5 of the data in hexadecimal; null: not known, as in records that the reference made. */
  readonly checksum: string | null
}

/**
 * The accounts of a cache: what was used how often and when. They follow the files: where both differ, the files are right.
 * @see glance `image_cache/drivers/base.py`
 */
export interface CacheRecords {
  /** In the order of image ids. */
  list(): Promise<CacheRecord[]>
  get(imageId: string): Promise<CacheRecord | undefined>
  /** Notes an image that is now in the cache, without hits; takes the place of an older note. */
  add(entry: { imageId: string; sizeBytes: number; checksum: string | null; at: Date }): Promise<void>
  /** Adds downloads, the last of them at `at`; without effect if nothing is noted of the image. */
  hit(imageId: string, options: { count: number; at: Date }): Promise<void>
  remove(imageId: string): Promise<void>
  removeAll(): Promise<void>
  /** Addresses of the nodes that have the image in their cache; undefined where nodes do not know of each other. */
  nodesOf(imageId: string): Promise<string[] | undefined>
  close(): Promise<void>
}

/** Accounts of the caches of all nodes, in the service's database. */
export interface CentralCacheRecords {
  /** The accounts of one node. @returns undefined if the database has no tables for them */
  ofNode(nodeUrl: string): Promise<CacheRecords | undefined>
}

export interface CacheFile {
  readonly imageId: string
  readonly sizeBytes: number
  readonly modifiedAt: Date
}

/** A complete entry, open for reading. While it is open, `removeUnread` leaves it. */
export interface CacheEntryFile extends LocalBlob {
  /** Another value: another file under the same name. */
  readonly generation: string
}

/** How an incomplete entry stands. */
export type FillState =
  /** The caller owns it now, and nobody else can: he is to fill it. */
  | 'owned'
  /** A living process fills it. */
  | 'filling'
  /** It is complete. */
  | 'complete'
  /** It was thrown away. */
  | 'gone'

/** An incomplete entry, open for reading, and for writing by its owner. */
export interface FillFile {
  readonly fd: number
  /** Makes the caller the owner if there is none: a process that dies owns nothing any more. */
  claim(): Promise<FillState>
  /** Bytes from the start that can be read now. */
  sizeBytes(): Promise<number>
  read(target: Uint8Array, position: number): Promise<number>
  /** @throws storage_full and the like */
  write(chunk: Uint8Array, position: number): Promise<void>
  truncate(): Promise<void>
  /** Makes it a complete entry; the owner keeps reading it. @returns false if it was thrown away meanwhile */
  complete(): Promise<boolean>
  /** Puts it aside: its data is wrong. */
  reject(): Promise<void>
  /** Throws it away. */
  discard(): Promise<void>
  /** The owner gives it up and goes on reading: what is there stays, for the next owner. */
  release(): Promise<void>
  /** Releases it too. */
  close(): Promise<void>
}

/**
 * The folder of a cache, shared by all processes of a node: entries under the ids of images, incomplete ones, bad ones
 * and a queue of ids beside them.
 * @see glance `image_cache/__init__.py` `image_cache_dir`
 */
export interface CacheFolder {
  /** Complete entries. */
  entries(): Promise<CacheFile[]>
  openEntry(imageId: string): Promise<CacheEntryFile | undefined>
  /** @returns whether it was there */
  removeEntry(imageId: string): Promise<boolean>
  /** Removes an entry unless somebody reads it, in any process. @returns whether it was removed */
  removeUnread(imageId: string): Promise<boolean>
  /** Removes an incomplete entry, whoever fills it: its readers read on, and it will not become complete. */
  removeFill(imageId: string): Promise<boolean>
  /** Opens the incomplete entry of an image, or begins one. */
  openFill(imageId: string): Promise<FillFile>
  /** Incomplete entries that nobody fills, the oldest first. */
  orphans(): Promise<CacheFile[]>
  /** Removes an incomplete entry unless somebody fills it. */
  removeOrphan(imageId: string): Promise<boolean>
  /** Removes what was put aside. @returns how many */
  removeInvalid(): Promise<number>
  /** Ids in the order in which they came. */
  queued(): Promise<string[]>
  /** @returns whether it was not queued before */
  enqueue(imageId: string): Promise<boolean>
  dequeue(imageId: string): Promise<boolean>
  /** Runs `work` unless some process of this node does work of that kind already. @returns undefined then */
  alone<T>(kind: 'prefetch' | 'prune', work: () => Promise<T>): Promise<T | undefined>
}
