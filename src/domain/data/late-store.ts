import type { Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'
import type { BlobStore, BlobWriter, StoreCapabilities } from '../../ports/blob-store.ts'

/** What is known of a store before it is open. */
export interface StoreTraits {
  readonly id: string
  readonly schemes: readonly string[]
  readonly isWritable: boolean
}

/** A store that could not be opened is tried again no sooner than this. */
const retryAfterMs = 10_000

interface StandIn extends BlobStore {
  /** True once the store could be opened. */
  isOpen(): boolean
}

/**
 * Stands for a store that could not be opened when the service started; it is opened when something is asked of it, at
 * most once in `retryMs`.
 */
export function lateStore(
  traits: StoreTraits,
  { open, retryMs = retryAfterMs }: { open: () => Promise<BlobStore>; retryMs?: number },
): StandIn {
  const late = new LateStore(traits, { open, retryMs })
  const store: StandIn = {
    isOpen: () => late.opened !== undefined,
    id: traits.id,
    schemes: traits.schemes,
    capabilities: late.capabilities,
    open: async (url, options): Promise<Readable> => (await late.ready()).open(url, options),
    size: async (url, options) => (await late.ready()).size(url, options),
    // Not known yet whether the store has it: without it `size` does.
    sizeAsWritten: async (url, options) => {
      const opened = await late.ready()
      return opened.sizeAsWritten === undefined ? opened.size(url, options) : opened.sizeAsWritten(url, options)
    },
    // Not known yet what it would say.
    admits: (url, options) => late.opened !== undefined && late.opened.admits?.(url, options) !== false,
    owns: (url) => late.opened?.owns?.(url) === true,
    async *abandoned() {
      yield* (await late.ready()).abandoned?.() ?? []
    },
    close: () => late.close(),
  }
  if (!traits.isWritable) return store
  return {
    ...store,
    create: async (key, options): Promise<BlobWriter> => {
      const opened = await late.ready()
      if (opened.create === undefined) throw new GlimpseError('store_read_only', { store: traits.id })
      return opened.create(key, options)
    },
    delete: async (url, options) => (await late.ready()).delete?.(url, options),
    clear: async (key, options) => (await late.ready()).clear?.(key, options),
    setReaders: async (url, options) => (await late.ready()).setReaders?.(url, options),
    async *list(options) {
      yield* (await late.ready()).list?.(options) ?? []
    },
  }
}

class LateStore {
  readonly capabilities: StoreCapabilities = { randomRead: true }
  readonly #traits: StoreTraits
  readonly #open: () => Promise<BlobStore>
  #opening: Promise<BlobStore> | undefined
  readonly #retryMs: number
  #failedAt = performance.now()
  #opened: BlobStore | undefined

  constructor(traits: StoreTraits, { open, retryMs }: { open: () => Promise<BlobStore>; retryMs: number }) {
    this.#traits = traits
    this.#open = open
    this.#retryMs = retryMs
  }

  get opened(): BlobStore | undefined {
    return this.#opened
  }

  /** @throws store_unavailable */
  ready(): Promise<BlobStore> {
    if (this.#opening === undefined && performance.now() - this.#failedAt < this.#retryMs) {
      return Promise.reject(this.#unavailable())
    }
    this.#opening ??= this.#open().then(
      (store) => {
        this.#opened = store
        return store
      },
      (error: unknown) => {
        this.#opening = undefined
        this.#failedAt = performance.now()
        throw this.#unavailable(error)
      },
    )
    return this.#opening
  }

  async close(): Promise<void> {
    await this.#opened?.close()
  }

  #unavailable(cause?: unknown): GlimpseError {
    const reason = 'it could not be opened, and is tried again in a while'
    return new GlimpseError('store_unavailable', { store: this.#traits.id, reason }, { cause })
  }
}
