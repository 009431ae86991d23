import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Agent } from 'undici'
import { GlimpseError } from '../../../errors/error.ts'
import type {
  AbandonedWrite,
  BlobStore,
  BlobWriter,
  ByteRange,
  Readers,
  StoreCallOptions,
} from '../../../ports/blob-store.ts'
import { readCaCertificates } from '../ca-certificates.ts'
import { findAbandonedSegments } from './abandoned.ts'
import type { Connection } from './connection.ts'
import { Keystone } from './keystone.ts'
import { swiftSchemes } from './location.ts'
import { ProjectAccounts } from './multi-tenant.ts'
import { type SwiftStoreConfig, sizeUnitBytes } from './options.ts'
import { openImage } from './reader.ts'
import { readReferences } from './references.ts'
import { deleteImage, removeAll } from './remove.ts'
import { ServiceAccounts } from './single-tenant.ts'
import type { Accounts, Target } from './target.ts'
import { SwiftWriter } from './writer.ts'

const connectTimeoutMs = 10_000
/** Longest silence of a server. */
const silenceTimeoutMs = 60_000

export interface SwiftStoreOptions {
  /** Keystone of the service, for catalogs of users; null if it is not known. */
  readonly authAddress: string | null
}

/**
 * Opens the store: checks the options and reads the accounts; Swift is asked later.
 * @throws store_misconfigured
 * @see glance_store `_drivers/swift/store.py`
 */
export async function openSwiftStore(
  id: string,
  { config, authAddress }: SwiftStoreOptions & { config: SwiftStoreConfig },
): Promise<SwiftStore> {
  const refuse = (reason: string) => new GlimpseError('store_misconfigured', { store: id, reason })
  if (config.swift_store_multi_tenant && config.swift_store_config_file !== null) {
    throw refuse('swift_store_multi_tenant and swift_store_config_file exclude each other')
  }
  if (config.swift_buffer_on_upload) await checkBufferDirectory(config.swift_upload_buffer_dir, refuse)
  const references = await readReferences(config, { storeId: id })
  const caPath = config.swift_store_cacert
  const ca = caPath === null ? undefined : await readCaCertificates(caPath, { option: 'swift_store_cacert', store: id })
  const dispatcher = new Agent({
    connect: { timeout: connectTimeoutMs, rejectUnauthorized: !config.swift_store_auth_insecure, ...(ca && { ca }) },
    headersTimeout: silenceTimeoutMs,
    bodyTimeout: silenceTimeoutMs,
  })
  const connection: Connection = {
    storeId: id,
    config,
    dispatcher,
    keystone: new Keystone({ dispatcher, storeId: id }),
    endpointChoice: {
      serviceType: config.swift_store_service_type,
      endpointType: config.swift_store_endpoint_type,
      region: config.swift_store_region,
    },
  }
  const service = references.get(config.default_swift_reference)
  const accounts = config.swift_store_multi_tenant
    ? new ProjectAccounts(connection, { authAddress: service?.authAddress ?? authAddress, service })
    : new ServiceAccounts(connection, references)
  return new SwiftStore(connection, accounts)
}

export class SwiftStore implements BlobStore {
  readonly id: string
  readonly schemes = swiftSchemes
  readonly capabilities = { randomRead: true } as const
  readonly setReaders?: NonNullable<BlobStore['setReaders']>
  readonly list?: NonNullable<BlobStore['list']>
  readonly currentUrl?: NonNullable<BlobStore['currentUrl']>
  readonly #connection: Connection
  readonly #accounts: Accounts

  constructor(connection: Connection, accounts: Accounts) {
    this.id = connection.storeId
    this.#connection = connection
    this.#accounts = accounts
    if (connection.config.swift_store_multi_tenant) this.setReaders = (url, options) => this.#setReaders(url, options)
    const { list, currentUrl } = accounts
    if (currentUrl) this.currentUrl = (url) => currentUrl.call(accounts, url)
    if (list) this.list = (options) => list.call(accounts, options)
  }

  async create(key: string, options: StoreCallOptions & { sizeBytes: number | null }): Promise<BlobWriter> {
    const { config, storeId } = this.#connection
    const { sizeBytes, signal } = options
    const largeBytes = config.swift_store_large_object_size * sizeUnitBytes
    const isLarge = sizeBytes === null || sizeBytes >= largeBytes
    const target = await this.#accounts.create(key, { ...options, isLarge })
    try {
      const found = await target.client.headObject(target.place, signal ? { signal } : {})
      if (found !== undefined) throw new GlimpseError('blob_exists', { key })
    } catch (error) {
      // The container stays: another write may use it.
      await target.close()
      throw error
    }
    const segmentBytes = config.swift_store_large_object_chunk_size * sizeUnitBytes
    const bufferDirectory = config.swift_buffer_on_upload ? config.swift_upload_buffer_dir : null
    return new SwiftWriter({
      ...{ storeId, target, sizeBytes, largeBytes, segmentBytes, bufferDirectory },
      ...(signal && { signal }),
    })
  }

  async open(url: string, options: StoreCallOptions & { range?: ByteRange }): Promise<Readable> {
    const { config, storeId } = this.#connection
    const target = await this.#accounts.find(url, options)
    return openImage(target, { ...options, storeId, retries: config.swift_store_retry_get_count })
  }

  async size(url: string, options: StoreCallOptions = {}): Promise<number> {
    return this.#sizeAt(await this.#accounts.find(url, options), options)
  }

  async sizeAsWritten(url: string, options: StoreCallOptions = {}): Promise<number> {
    try {
      const target = await this.#accounts.findAsWritten(url, options)
      return await this.#sizeAt(target, options)
    } catch (error) {
      // A wrong login or address in a caller's URL is no failure of the store.
      if (!(error instanceof GlimpseError)) throw error
      throw new GlimpseError('blob_not_found', { store: this.id }, { cause: error })
    }
  }

  /** Where a location may lead to any server, a project's caller may name those of the configuration alone. */
  admits(url: string): boolean {
    return this.#accounts.knowsServer?.(url) !== false
  }

  async delete(url: string, options: StoreCallOptions = {}): Promise<void> {
    const { client, place } = await this.#accounts.find(url, options)
    await deleteImage(client, { ...options, place, storeId: this.id })
    // It was the container of this image alone.
    if (this.#connection.config.swift_store_multi_tenant) await client.deleteContainer(place.container, options)
  }

  async clear(key: string, options: StoreCallOptions = {}): Promise<void> {
    const { client, place } = await this.#accounts.place(key, options)
    const { signal } = options
    await client.deleteObject(place, options)
    await removeAll(client, { container: place.container, prefix: `${key}_`, ...(signal && { signal }) })
    if (this.#connection.config.swift_store_multi_tenant) await client.deleteContainer(place.container, options)
  }

  async *abandoned(): AsyncGenerator<AbandonedWrite, void, undefined> {
    for await (const { client, container } of this.#accounts.containers?.({}) ?? []) {
      yield* findAbandonedSegments(client, { container })
    }
  }

  close(): Promise<void> {
    return this.#connection.dispatcher.destroy()
  }

  async #sizeAt({ client, place }: Target, options: StoreCallOptions): Promise<number> {
    const headers = await client.headObject(place, options)
    if (headers === undefined) throw new GlimpseError('blob_not_found', { store: this.id })
    return Number(headers['content-length'] ?? 0)
  }

  async #setReaders(url: string, { readers, ...options }: StoreCallOptions & { readers: Readers }): Promise<void> {
    const { client, place } = await this.#accounts.find(url, options)
    const { everyone, projectIds } = readers
    const headers = {
      'x-container-read': everyone ? '*:*' : grant(projectIds),
      'x-container-write': grant(this.#connection.config.swift_store_admin_tenants),
    }
    const found = await client.postContainer(place.container, { ...options, headers })
    if (!found) throw new GlimpseError('blob_not_found', { store: this.id })
  }
}

/** All users of those projects, in the words of Swift's access lists. */
function grant(projectIds: readonly string[]): string {
  return projectIds.map((id) => `${id}:*`).join()
}

async function checkBufferDirectory(path: string | null, refuse: (reason: string) => GlimpseError): Promise<void> {
  if (path === null) throw refuse('swift_buffer_on_upload needs swift_upload_buffer_dir')
  try {
    await rm(await mkdtemp(join(path, 'glimpse-')), { recursive: true })
  } catch {
    throw refuse(`swift_upload_buffer_dir ${path} cannot be used`)
  }
}
