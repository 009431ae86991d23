import type { Readable } from 'node:stream'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore, BlobWriter, Requester, WrittenBlob } from '../../ports/blob-store.ts'
import type { Logger } from '../../ports/logger.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import { type Received, receive } from '../data/receive.ts'

export interface TransferOptions {
  /** Key of the blobs: the image's id. */
  readonly key: string
  readonly stores: readonly BlobStore[]
  /** One store that fails fails them all; else the others go on. */
  readonly allMustSucceed: boolean
  readonly requester: Requester
  /**
   * Whether nobody has a right to what lies there under the key. Absent: only what a dead process had begun to write is
   * nobody's. @throws if the work is no longer this process's
   */
  readonly mayClear?: (store: BlobStore) => Promise<boolean>
  readonly log: Logger
}

export interface StreamOptions {
  readonly digests: DigestPool
  /** Names of node:crypto. */
  readonly algorithms: readonly string[]
  /** Null: unknown. */
  readonly sizeBytes: number | null
  readonly checkSize: (receivedBytes: number) => void
  readonly inspect?: (chunk: Uint8Array) => void
  readonly signal: AbortSignal
}

interface Target {
  readonly store: BlobStore
  readonly writer: BlobWriter
}

/**
 * One stream into several stores, read once: each piece goes to all of them side by side. Nothing is visible before
 * `commit`. Once `open` was called, `abort` or `settle` must end it.
 */
export class Transfer {
  readonly #options: TransferOptions
  readonly #targets: Target[] = []
  readonly #failures = new Map<string, unknown>()

  constructor(options: TransferOptions) {
    this.#options = options
  }

  /**
   * Opens a write in each store. What an earlier attempt left there, whose process died, is removed.
   * @param options `isFirst`: there was none, as far as is known
   */
  async open({ sizeBytes, isFirst = true }: { sizeBytes: number | null; isFirst?: boolean }): Promise<void> {
    for (const store of this.#options.stores) await this.#open(store, { sizeBytes, isFirst })
  }

  /** Ids of stores that failed so far. */
  get failedStores(): string[] {
    return [...this.#failures.keys()]
  }

  /** Why stores failed so far, by their ids. */
  get failures(): ReadonlyMap<string, unknown> {
    return this.#failures
  }

  /** @throws as `receive` does */
  stream(body: Readable, options: StreamOptions): Promise<Received> {
    const writer: BlobWriter = {
      write: async (chunk) => void (await this.#each((target) => target.writer.write(chunk))),
      commit: () => Promise.reject(new Error('each writer is committed by itself')),
      settle: async () => {},
      abort: async () => {},
    }
    return receive(body, { ...options, writer })
  }

  /** Makes the data visible. @returns what lies where, in the order of the stores */
  async commit(): Promise<{ store: BlobStore; blob: WrittenBlob }[]> {
    const blobs: { store: BlobStore; blob: WrittenBlob }[] = []
    await this.#each(async ({ store, writer }) => void blobs.push({ store, blob: await writer.commit() }))
    const order = this.#targets.map(({ store }) => store)
    return blobs.sort((a, b) => order.indexOf(a.store) - order.indexOf(b.store))
  }

  /** The data is recorded and stays. */
  async settle(): Promise<void> {
    await Promise.all(this.#targets.map(({ writer }) => writer.settle()))
  }

  /** Leaves nothing. Never throws: it runs after other failures. */
  async abort(): Promise<void> {
    await Promise.all(this.#targets.splice(0).map((target) => this.#abort(target)))
  }

  async #open(store: BlobStore, { sizeBytes, isFirst }: { sizeBytes: number | null; isFirst: boolean }): Promise<void> {
    const { key, requester } = this.#options
    try {
      if (!store.create) throw new GlimpseError('store_read_only', { store: store.id })
      if (!isFirst) await this.#clear(store)
      const open = () => (store as Required<BlobStore>).create(key, { sizeBytes, requester })
      const writer = await open().catch(async (error: unknown) => {
        if (!hasCode(error, 'blob_exists') || !(await this.#clear(store))) throw error
        return open()
      })
      this.#targets.push({ store, writer })
    } catch (error) {
      this.#failed(store, error)
    }
  }

  /** @returns whether there may be room now */
  async #clear(store: BlobStore): Promise<boolean> {
    const { key, requester, mayClear } = this.#options
    if (mayClear === undefined) return removeLeftovers(store, key)
    return (await mayClear(store)) && clearStore(store, { key, requester })
  }

  /** Does `work` for all targets side by side; those that fail are aborted, and left out from then on. */
  async #each(work: (target: Target) => Promise<void>): Promise<void> {
    const failed: { target: Target; error: unknown }[] = []
    await Promise.all(
      this.#targets.map((target) => work(target).catch((error: unknown) => void failed.push({ target, error }))),
    )
    for (const { target, error } of failed) {
      this.#targets.splice(this.#targets.indexOf(target), 1)
      await this.#abort(target)
      this.#failed(target.store, error)
    }
    if (this.#targets.length === 0) throw failed[0]?.error ?? new Error('there is no store')
  }

  #failed(store: BlobStore, error: unknown): void {
    const { key, allMustSucceed, stores, log } = this.#options
    this.#failures.set(store.id, error)
    if (allMustSucceed || this.#failures.size === stores.length) throw error
    log.warn({ err: error, imageId: key, store: store.id }, 'a store is left out of an import')
  }

  async #abort({ store, writer }: Target): Promise<void> {
    await writer.abort().catch((error: unknown) => {
      const { key, log } = this.#options
      log.error({ err: error, imageId: key, store: store.id }, 'the data of a failed import could not be removed')
    })
  }
}

/**
 * Removes what dead processes left of an image's data in a store where the image has none.
 * @returns whether something may have been removed
 */
export async function clearStore(
  store: BlobStore,
  { key, requester }: { key: string; requester: Requester },
): Promise<boolean> {
  if (store.clear === undefined) return removeLeftovers(store, key)
  await store.clear(key, { requester })
  return true
}

/** @returns whether something was removed */
async function removeLeftovers(store: BlobStore, key: string): Promise<boolean> {
  let removed = false
  for await (const write of store.abandoned?.() ?? []) {
    if (write.key !== key) {
      await write.release()
      continue
    }
    try {
      await write.removeBlob()
      await write.discard()
    } catch (error) {
      await write.release()
      throw error
    }
    removed = true
  }
  return removed
}
