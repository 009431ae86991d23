import { GlimpseError } from '../../errors/error.ts'
import type { BlobStore } from '../../ports/blob-store.ts'

/** One configured store and what operators said of it. */
export interface StoreEntry {
  readonly store: BlobStore
  /** Type by the name of the configuration: `file`, `http`, ... */
  readonly type: string
  /** What of its set-up is shown to those who may see it; never a secret. */
  readonly properties: Readonly<Record<string, unknown>>
  readonly description: string | null
  /** Order of locations in a download: larger first. @see glance_store option `weight` */
  readonly weight: number
  /** For the service's own use (staging, tasks); never chosen by a user. */
  readonly reserved: boolean
  /** False while the store is given up after failures; absent: nobody watches it. */
  readonly isAvailable?: () => boolean
}

export interface StoreSetOptions {
  /** Id of the store that takes data when the request names none. */
  readonly defaultId: string
  /** Several backends (`enabled_backends`): locations then carry the store's id. */
  readonly multiple: boolean
}

/** The stores of this service. @see glance_store `multi_backend.py`, `backend.py` */
export class StoreSet {
  readonly default: BlobStore
  readonly multiple: boolean
  readonly #entries: ReadonlyMap<string, StoreEntry>

  constructor(entries: readonly StoreEntry[], options: StoreSetOptions) {
    this.#entries = new Map(entries.map((entry) => [entry.store.id, entry]))
    this.multiple = options.multiple
    this.default = this.get(options.defaultId)
  }

  /** The store a user may name, by its id. @throws store_unknown */
  get(id: string): BlobStore {
    const entry = this.#entries.get(id)
    if (entry === undefined || entry.reserved) throw new GlimpseError('store_unknown', { id })
    return entry.store
  }

  /** One of the service's own stores, `os_glance_staging_store` for instance. */
  reserved(id: string): BlobStore | undefined {
    const entry = this.#entries.get(id)
    return entry?.reserved ? entry.store : undefined
  }

  /**
   * The store that holds a location: the one its metadata names, if it speaks the URL's scheme, else the one that puts its own data there, else the
   * first that speaks the URL's scheme.
   * @returns undefined if this service has no such store
   */
  forLocation(url: string, metadata: Readonly<Record<string, unknown>>): BlobStore | undefined {
    const id = metadata.store
    const scheme = url.slice(0, Math.max(0, url.indexOf(':')))
    const named = typeof id === 'string' ? this.#entries.get(id)?.store : undefined
    // Callers may write both: a store gets no URL in a spelling that rules for its scheme do not know.
    if (named?.schemes.includes(scheme)) return named
    const speakers = this.list().filter(({ store }) => store.schemes.includes(scheme))
    return (speakers.find(({ store }) => store.owns?.(url)) ?? speakers[0])?.store
  }

  weightOf(store: BlobStore): number {
    return this.#entries.get(store.id)?.weight ?? 0
  }

  /** In the order of the configuration, without reserved ones. */
  list(): readonly StoreEntry[] {
    return [...this.#entries.values()].filter((entry) => !entry.reserved)
  }

  /** Ids of stores that are given up for now. */
  unavailable(): readonly string[] {
    return [...this.#entries.values()].flatMap(({ store, isAvailable }) =>
      isAvailable?.() === false ? [store.id] : [],
    )
  }

  /** With reserved ones. */
  all(): readonly BlobStore[] {
    return [...this.#entries.values()].map((entry) => entry.store)
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((store) => store.close()))
  }
}
