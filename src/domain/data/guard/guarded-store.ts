import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { GlimpseError, hasCode } from '../../../errors/error.ts'
import type { BlobStore, BlobWriter } from '../../../ports/blob-store.ts'
import type { Logger } from '../../../ports/logger.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { Slots } from './slots.ts'
import { WatchedRead } from './watched-read.ts'

export type StoreOperation = 'create' | 'commit' | 'open' | 'size' | 'delete' | 'set-readers'

/** Sees what stores do, for metrics. */
export interface StoreObserver {
  /** `outcome`: `ok`, or the code of the error. */
  operation(event: { store: string; operation: StoreOperation; outcome: string; seconds: number }): void
  bytes(event: { store: string; direction: 'read' | 'written'; count: number }): void
  /** A store is given up for now, or works again. */
  availability(event: { store: string; isAvailable: boolean }): void
}

export interface GuardLimits {
  /** Longest time of one call, and longest wait for data. */
  readonly callMs: number
  /** Longest time of a deletion: some stores remove large data piece by piece. */
  readonly deleteMs: number
  /** Longest time in which a piece of data is taken: a driver may have to send a part first, and again. */
  readonly writeMs: number
  /** Calls at a time on one store; reading and writing of data does not count. */
  readonly calls: number
  readonly retries: number
  readonly firstDelayMs: number
  readonly breaker: { readonly failures: number; readonly restMs: number; readonly longestRestMs: number }
}

export const guardLimits: GuardLimits = {
  callMs: 60_000,
  deleteMs: 900_000,
  writeMs: 300_000,
  calls: 64,
  retries: 2,
  firstDelayMs: 100,
  breaker: { failures: 5, restMs: 2_000, longestRestMs: 30_000 },
}

interface GuardOptions {
  readonly log: Logger
  readonly observer: StoreObserver
  readonly limits?: GuardLimits
}

/** A store that tells how it does. */
export interface GuardedStore extends BlobStore {
  /** False while the store is given up after failures in a row. */
  isAvailable(): boolean
}

/**
 * Puts around a store what every store needs: time limits, a bound of calls at a time, retries of what may be repeated,
 * and a circuit breaker, so that a store which is down costs its own users little and the others nothing. Data that is
 * half written is never sent again here; a driver may do so for its own pieces.
 */
export function guardStore(store: BlobStore, options: GuardOptions): GuardedStore {
  const guard = new Guard(store, options)
  const { create, openFile, setReaders, sizeAsWritten, abandoned, list, clear, begun } = store
  return {
    id: store.id,
    schemes: store.schemes,
    capabilities: store.capabilities,
    isAvailable: () => guard.isAvailable,
    open: (url, callOptions) => guard.open(url, callOptions),
    size: (url, callOptions) =>
      guard.call('size', callOptions, (it) => store.size(url, { ...callOptions, ...it }), { isRepeatable: true }),
    close: () => store.close(),
    ...(create && { create: (key, callOptions) => guard.create(key, callOptions) }),
    ...(store.delete && { delete: (url, callOptions) => guard.delete(url, callOptions) }),
    ...(openFile && {
      openFile: (url) => guard.call('open', {}, () => openFile.call(store, url), { discard: (late) => late.close() }),
    }),
    ...(setReaders && {
      setReaders: (url, callOptions) =>
        guard.call('set-readers', callOptions, (it) => setReaders.call(store, url, { ...callOptions, ...it }), {}),
    }),
    ...(sizeAsWritten && {
      sizeAsWritten: (url, callOptions) =>
        guard.call('size', callOptions, (it) => sizeAsWritten.call(store, url, { ...callOptions, ...it }), {}),
    }),
    ...(store.admits && { admits: (url, given) => store.admits?.(url, given) === true }),
    ...(store.owns && { owns: (url) => store.owns?.(url) === true }),
    ...(store.currentUrl && { currentUrl: (url) => store.currentUrl?.(url) ?? url }),
    ...(abandoned && { abandoned: () => abandoned.call(store) }),
    ...(list && { list: (callOptions) => list.call(store, callOptions) }),
    ...(begun && { begun: (key) => begun.call(store, key) }),
    ...(clear && {
      clear: (key, callOptions) =>
        guard.call('delete', callOptions, (it) => clear.call(store, key, { ...callOptions, ...it }), {
          isRepeatable: true,
          limitMs: guard.limits.deleteMs,
        }),
    }),
  }
}

type CallOptions = Parameters<BlobStore['open']>[1]

interface CallKind<T> {
  /** The call may be made again after a failure. */
  readonly isRepeatable?: boolean
  readonly limitMs?: number
  /** Gets rid of a result for which nobody waits any more. */
  readonly discard?: (late: T) => unknown
}

class Guard {
  readonly #store: BlobStore
  readonly #observer: StoreObserver
  readonly limits: GuardLimits
  readonly #slots: Slots
  readonly #breaker: CircuitBreaker

  constructor(store: BlobStore, { log, observer, limits = guardLimits }: GuardOptions) {
    this.#store = store
    this.#observer = observer
    this.limits = limits
    this.#slots = new Slots(limits.calls)
    this.#breaker = new CircuitBreaker({
      ...limits.breaker,
      onChange: (isOpen) => {
        observer.availability({ store: store.id, isAvailable: !isOpen })
        if (isOpen) log.error({ store: store.id }, 'the store keeps failing: it is tried only now and then')
        else log.info({ store: store.id }, 'the store works again')
      },
    })
  }

  get isAvailable(): boolean {
    return !this.#breaker.isOpen
  }

  async open(url: string, options: CallOptions): Promise<Readable> {
    const source = await this.call('open', options, (it) => this.#store.open(url, { ...options, ...it }), {
      isRepeatable: true,
      discard: (late) => late.destroy(),
    })
    return new WatchedRead(source, {
      storeId: this.#store.id,
      stallMs: this.limits.callMs,
      onBytes: (count) => this.#observer.bytes({ store: this.#store.id, direction: 'read', count }),
      onFailure: (error) => this.#judge(error),
    })
  }

  async create(key: string, options: CallOptions & { sizeBytes: number | null }): Promise<BlobWriter> {
    const { create } = this.#store
    if (create === undefined) throw new GlimpseError('store_read_only', { store: this.#store.id })
    const writer = await this.call('create', options, (it) => create.call(this.#store, key, { ...options, ...it }), {
      discard: (late) => late.abort(),
    })
    return new GuardedWriter(writer, {
      inTime: (act, limitMs) => this.#inTime(act, limitMs),
      limits: this.limits,
      onBytes: (count) => this.#observer.bytes({ store: this.#store.id, direction: 'written', count }),
      judged: (act) => this.#judged(act),
      measured: (act) => this.#measured('commit', act),
    })
  }

  async delete(url: string, options: CallOptions = {}): Promise<void> {
    let attempts = 0
    await this.call(
      'delete',
      options,
      async (it) => {
        attempts += 1
        await this.#store.delete?.(url, { ...options, ...it }).catch((error: unknown) => {
          // The attempt before may have done it, and failed afterwards.
          if (attempts === 1 || !hasCode(error, 'blob_not_found')) throw error
        })
      },
      { isRepeatable: true, limitMs: this.limits.deleteMs },
    )
  }

  async call<T>(
    operation: StoreOperation,
    options: CallOptions | undefined,
    act: (options: { signal: AbortSignal }) => Promise<T>,
    { isRepeatable = false, discard, limitMs = this.limits.callMs }: CallKind<T>,
  ): Promise<T> {
    const repeats = isRepeatable && this.#store.capabilities.retries !== true ? this.limits.retries : 0
    return this.#measured(operation, async () => {
      for (let attempt = 0; ; attempt += 1) {
        this.#requireAdmission()
        // Timers may be a little early.
        const deadline = performance.now() + limitMs - 10
        try {
          return await this.#judged(() => this.#limited(act, { signal: options?.signal, discard, limitMs }))
        } catch (error) {
          const isOver = attempt === repeats || performance.now() >= deadline || this.#breaker.isOpen
          if (isOver || !hasCode(error, 'store_unavailable')) throw error
          await sleep(this.limits.firstDelayMs * 4 ** attempt * (0.5 + Math.random()))
          options?.signal?.throwIfAborted()
        }
      }
    })
  }

  /**
   * Runs a call in a slot, and gives it up when its time is over. The slot stays taken until the call has really ended:
   * a store that hangs does not collect more and more of them. What comes too late is discarded.
   */
  async #limited<T>(
    act: (options: { signal: AbortSignal }) => Promise<T>,
    { signal, discard, limitMs }: { signal: AbortSignal | undefined; limitMs: number; discard: CallKind<T>['discard'] },
  ): Promise<T> {
    const limit = new AbortController()
    const reason = `no answer within ${limitMs / 1000} s`
    const timer = setTimeout(() => {
      limit.abort(new GlimpseError('store_unavailable', { store: this.#store.id, reason }))
    }, limitMs)
    const either = signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal])
    let acting: Promise<T> | undefined
    try {
      await this.#slots.take(either)
      acting = act({ signal: either }).finally(() => this.#slots.give())
      return await Promise.race([acting, fired(either)])
    } catch (error) {
      if (either.aborted) acting?.then(discard).catch(() => undefined)
      if (limit.signal.aborted) throw limit.signal.reason
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** What hangs is left to itself. @throws store_unavailable */
  async #inTime<T>(act: () => Promise<T>, limitMs: number): Promise<T> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const reason = `no answer within ${limitMs / 1000} s`
    const timer = setTimeout(() => {
      reject(new GlimpseError('store_unavailable', { store: this.#store.id, reason }))
    }, limitMs)
    try {
      return await Promise.race([act(), late])
    } finally {
      clearTimeout(timer)
    }
  }

  async #measured<T>(operation: StoreOperation, act: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    let outcome = 'ok'
    try {
      return await act()
    } catch (error) {
      outcome = error instanceof GlimpseError ? error.code : 'error'
      throw error
    } finally {
      const seconds = (performance.now() - startedAt) / 1000
      this.#observer.operation({ store: this.#store.id, operation, outcome, seconds })
    }
  }

  #requireAdmission(): void {
    if (this.#breaker.admit()) return
    const reason = 'it failed several times in a row and is tried again in a while'
    throw new GlimpseError('store_unavailable', { store: this.#store.id, reason })
  }

  async #judged<T>(act: () => Promise<T>): Promise<T> {
    try {
      const result = await act()
      this.#breaker.succeeded()
      return result
    } catch (error) {
      this.#judge(error)
      throw error
    }
  }

  /** Only what the store itself is to blame for counts; an answer, be it a refusal, shows that it lives. */
  #judge(error: unknown): void {
    if (this.#store.capabilities.manyServers === true) return
    if (hasCode(error, 'store_unavailable')) this.#breaker.failed()
    else if (error instanceof GlimpseError) this.#breaker.succeeded()
  }
}

interface WriterHooks {
  readonly limits: Pick<GuardLimits, 'writeMs' | 'deleteMs'>
  readonly inTime: <T>(act: () => Promise<T>, limitMs: number) => Promise<T>
  readonly onBytes: (count: number) => void
  readonly judged: <T>(act: () => Promise<T>) => Promise<T>
  readonly measured: <T>(act: () => Promise<T>) => Promise<T>
}

class GuardedWriter implements BlobWriter {
  readonly #writer: BlobWriter
  readonly #hooks: WriterHooks

  constructor(writer: BlobWriter, hooks: WriterHooks) {
    this.#writer = writer
    this.#hooks = hooks
  }

  async write(chunk: Uint8Array): Promise<void> {
    const { inTime, limits } = this.#hooks
    await inTime(() => this.#writer.write(chunk), limits.writeMs)
    this.#hooks.onBytes(chunk.length)
  }

  commit(): ReturnType<BlobWriter['commit']> {
    const { measured, judged, inTime, limits } = this.#hooks
    return measured(() => judged(() => inTime(() => this.#writer.commit(), limits.deleteMs)))
  }

  settle(): Promise<void> {
    return this.#writer.settle()
  }

  abort(): Promise<void> {
    const { inTime, limits } = this.#hooks
    return inTime(() => this.#writer.abort(), limits.deleteMs)
  }
}

/** Never resolves; rejects when the signal fires. */
function fired(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
