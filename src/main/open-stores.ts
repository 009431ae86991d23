import type { GuardLimits, StoreObserver } from '../domain/data/guard/guarded-store.ts'
import { guardStore } from '../domain/data/guard/guarded-store.ts'
import { lateStore } from '../domain/data/late-store.ts'
import type { StoreEntry } from '../domain/data/store-set.ts'
import { hasCode } from '../errors/error.ts'
import type { BlobStore } from '../ports/blob-store.ts'
import type { Logger } from '../ports/logger.ts'

/** A store of the configuration before it is open. */
export interface PreparedStore extends Omit<StoreEntry, 'store' | 'isAvailable'> {
  readonly id: string
  readonly schemes: readonly string[]
  readonly isWritable: boolean
  readonly open: (id: string) => Promise<BlobStore>
}

export interface OpenStoreOptions {
  readonly isDefault: boolean
  readonly log: Logger
  /** Absent: nobody looks. */
  readonly observer?: StoreObserver
  readonly limits?: GuardLimits
}

const unobserved: StoreObserver = { operation() {}, bytes() {}, availability() {} }

/**
 * Opens the store and puts the guard around it. One that cannot be opened is tried again when it is asked for something:
 * the other stores serve meanwhile.
 * @throws store_misconfigured for the default store and for those of the service's own: without them it is of no use
 */
export async function openStore(prepared: PreparedStore, options: OpenStoreOptions): Promise<StoreEntry> {
  const { id, schemes, isWritable, open, ...entry } = prepared
  const { isDefault, log, observer = unobserved, limits } = options
  let isOpen = () => true
  const opened = await open(id).catch((error: unknown) => {
    if ((isDefault || entry.reserved) && hasCode(error, 'store_misconfigured')) throw error
    log.error({ err: error, store: id }, 'a store cannot be opened; the others serve')
    const late = lateStore({ id, schemes, isWritable }, { open: () => open(id) })
    isOpen = late.isOpen
    return late
  })
  const store = guardStore(opened, { log, observer, ...(limits && { limits }) })
  return { store, ...entry, isAvailable: () => isOpen() && store.isAvailable() }
}
