import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import { GlimpseError } from '../../../errors/error.ts'
import {
  type AbandonedWrite,
  type BlobStore,
  type BlobWriter,
  type ByteRange,
  imageIdPattern,
  type ListedBlob,
} from '../../../ports/blob-store.ts'
import { findAbandoned, temporaryName } from './abandoned.ts'
import { Connection } from './connection.ts'
import { translateCephError } from './errors.ts'
import { hasErrno } from './helper/protocol.ts'
import type { HelperProcess } from './helper-process.ts'
import { Leftovers } from './leftovers.ts'
import { formatLocation, parseLocation, type RbdLocation } from './location.ts'
import type { RbdStoreConfig } from './options.ts'
import { RbdReadable } from './rbd-reader.ts'
import { RbdWriter } from './rbd-writer.ts'

const mebibyte = 2 ** 20
const snapshot = 'snap'
const eexist = 17
/** Larger objects are written and read in pieces of this. */
const maxSlotBytes = 8 * mebibyte

/** Makes the store. Nothing is asked of the cluster before it is needed. @see glance_store `_drivers/rbd.py` */
export function openRbdStore(id: string, config: RbdStoreConfig): RbdStore {
  return new RbdStore(id, config)
}

export class RbdStore implements BlobStore {
  readonly id: string
  readonly schemes = ['rbd'] as const
  readonly capabilities = { randomRead: true } as const
  readonly #pool: string
  readonly #order: number
  readonly #thin: boolean
  readonly #connection: Connection
  readonly #closing = new AbortController()
  readonly #leftovers = new Leftovers({ signal: this.#closing.signal })

  constructor(id: string, config: RbdStoreConfig) {
    this.id = id
    this.#pool = config.rbd_store_pool
    this.#thin = config.rbd_thin_provisioning
    this.#order = Math.floor(Math.log2(config.rbd_store_chunk_size * mebibyte))
    this.#connection = new Connection(
      {
        confPath: config.rbd_store_ceph_conf,
        user: config.rbd_store_user,
        timeoutSeconds: config.rados_connect_timeout,
      },
      { slotBytes: Math.min(2 ** this.#order, maxSlotBytes) },
    )
  }

  create(key: string, options: { sizeBytes: number | null; signal?: AbortSignal }): Promise<BlobWriter> {
    return this.#use(key, async (helper) => {
      options.signal?.throwIfAborted()
      const pool = this.#pool
      const name = temporaryName(key, randomBytes(6).toString('hex'))
      const sizeBytes = options.sizeBytes ?? 0
      const fsid = await helper.call('fsid', null, this.#limit)
      const image = { pool, name, sizeBytes, order: this.#order, forName: key }
      const handle = await helper.call('create', image, this.#limit).catch((error: unknown) => {
        if (!hasErrno(error, eexist)) this.#discardLater({ pool, name })
        throw error
      })
      const writer = new RbdWriter(helper, {
        ...{ storeId: this.id, key, pool, fsid, temporaryName: name, snapshot, handle, sizeBytes },
        ...{ thin: this.#thin, connection: this.#connection, leftovers: this.#leftovers },
      })
      if (options.signal?.aborted) await writer.abort()
      options.signal?.throwIfAborted()
      return writer
    })
  }

  /** All images of the cluster can be read with the service's key: a project's caller may name the image's own alone. */
  admits(url: string, { imageId }: { imageId: string }): boolean {
    return parseLocation(url)?.image === imageId
  }

  async open(url: string, options: { range?: ByteRange; signal?: AbortSignal }): Promise<Readable> {
    const { image: key, ...location } = this.#locate(url)
    return this.#use(key, async (helper) => {
      options.signal?.throwIfAborted()
      const opened = await helper.call('open', { ...location, name: key }, this.#limit)
      return new RbdReadable(helper, {
        ...opened,
        ...{ storeId: this.id, key, range: options.range ?? { offset: 0 }, limitMs: this.#connection.limitMs },
        ...(options.signal && { signal: options.signal }),
      })
    })
  }

  async size(url: string): Promise<number> {
    const { image: key, ...location } = this.#locate(url)
    return this.#use(key, async (helper) => {
      const { handle, sizeBytes } = await helper.call('open', { ...location, name: key }, this.#limit)
      await helper.call('close', { handle })
      return sizeBytes
    })
  }

  async delete(url: string): Promise<void> {
    const { image: key, ...location } = this.#locate(url)
    await this.#use(key, (helper) => helper.call('remove', { ...location, name: key }))
  }

  abandoned(): AsyncGenerator<AbandonedWrite, void, undefined> {
    const { signal } = this.#closing
    return findAbandoned({ connection: this.#connection, pool: this.#pool, snapshot, signal })
  }

  async *list({ prefix }: { prefix: string }): AsyncGenerator<ListedBlob, void, undefined> {
    const pool = this.#pool
    const { fsid, images } = await this.#use('', async (helper) => ({
      fsid: await helper.call('fsid', null, this.#limit),
      // Unfinished images have names of another form.
      images: (await helper.call('unfinished', { pool, prefix })).images,
    }))
    for (const image of images) {
      if (imageIdPattern.test(image)) yield { key: image, url: formatLocation({ fsid, pool, image, snapshot }) }
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#connection.close()
  }

  /** What a call has begun that got no answer may be done when the cluster works again. */
  #discardLater(image: { pool: string; name: string }): void {
    this.#leftovers.add(async () => {
      const helper = await this.#connection.helper()
      await helper.call('discard', { ...image, imageId: null, snapshot, mark: image.name, handle: null })
    })
  }

  get #limit() {
    return { timeoutMs: this.#connection.limitMs }
  }

  /** Images lie where their location says, whatever the cluster's id there. @throws blob_not_found */
  #locate(url: string): RbdLocation & { pool: string } {
    const location = parseLocation(url)
    if (location === undefined) throw new GlimpseError('blob_not_found', { store: this.id })
    return { ...location, pool: location.pool ?? this.#pool }
  }

  async #use<T>(key: string, use: (helper: HelperProcess) => Promise<T>): Promise<T> {
    try {
      return await use(await this.#connection.helper())
    } catch (error) {
      throw translateCephError(error, { storeId: this.id, key })
    }
  }
}
