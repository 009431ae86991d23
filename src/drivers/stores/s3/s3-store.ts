import { addAbortSignal, Readable } from 'node:stream'
import { GlimpseError } from '../../../errors/error.ts'
import {
  type AbandonedWrite,
  type BlobStore,
  type BlobWriter,
  type ByteRange,
  imageIdPattern,
  type ListedBlob,
} from '../../../ports/blob-store.ts'
import { exactLength } from '../length.ts'
import { findAbandonedUploads } from './abandoned.ts'
import { S3Bucket } from './bucket.ts'
import { openS3Connection, type S3Connection } from './connection.ts'
import { isDnsName } from './endpoint.ts'
import { isCallersFault, isDenied } from './errors.ts'
import { formatS3Location, parseS3Location, type S3Credentials, type S3Location, s3Schemes } from './location.ts'
import { requiredS3Options, type S3StoreConfig } from './options.ts'
import { PartPlan } from './part-plan.ts'
import { S3Writer } from './s3-writer.ts'

const mib = 1024 * 1024

/**
 * Opens the store; nothing is sent yet.
 * @throws store_misconfigured
 * @see glance_store `_drivers/s3.py`
 */
export async function openS3Store(id: string, config: S3StoreConfig): Promise<S3Store> {
  const misconfigured = (reason: string) => new GlimpseError('store_misconfigured', { store: id, reason })
  for (const name of requiredS3Options) if (!config[name]) throw misconfigured(`${name} is not set`)
  const bucket = config.s3_store_bucket ?? ''
  if (config.s3_store_bucket_url_format === 'virtual' && !isDnsName(bucket)) {
    throw misconfigured(
      `the bucket ${bucket} cannot stand in a host name, as s3_store_bucket_url_format = virtual asks for`,
    )
  }
  const credentials = { accessKey: config.s3_store_access_key ?? '', secretKey: config.s3_store_secret_key ?? '' }
  return new S3Store(id, { config, credentials, connection: await openS3Connection(id, { config, credentials }) })
}

interface S3StoreSetup {
  readonly config: S3StoreConfig
  readonly credentials: S3Credentials
  readonly connection: S3Connection
}

interface ObjectPlace {
  readonly bucket: S3Bucket
  readonly key: string
  readonly credentials?: S3Credentials
}

export class S3Store implements BlobStore {
  readonly id: string
  readonly schemes = s3Schemes
  readonly capabilities = { randomRead: true, retries: true } as const
  readonly #setup: S3StoreSetup
  readonly #bucket: S3Bucket
  /** Keys that this process writes just now. */
  readonly #writing = new Set<string>()
  #isBucketKnown = false

  constructor(id: string, setup: S3StoreSetup) {
    this.id = id
    this.#setup = setup
    this.#bucket = new S3Bucket(setup.connection, { name: setup.config.s3_store_bucket ?? '', storeId: id })
  }

  async create(
    key: string,
    { sizeBytes, signal }: { sizeBytes: number | null; signal?: AbortSignal },
  ): Promise<BlobWriter> {
    const { config } = this.#setup
    if (!this.#isBucketKnown) {
      await this.#bucket.requireExisting({ mayCreate: config.s3_store_create_bucket_on_put, signal })
      this.#isBucketKnown = true
    }
    if ((await this.#bucket.find(key, { signal })) !== undefined) throw new GlimpseError('blob_exists', { key })
    const plan = new PartPlan({
      sizeBytes,
      partBytes: config.s3_store_large_object_chunk_size * mib,
      singleBelowBytes: config.s3_store_large_object_size * mib,
      buffers: config.s3_store_thread_pools,
    })
    this.#writing.add(key)
    const onEnd = () => this.#writing.delete(key)
    return new S3Writer(this.#bucket, { key, url: this.#locationOf(key), plan, signal, onEnd })
  }

  async open(url: string, options: { range?: ByteRange; signal?: AbortSignal }): Promise<Readable> {
    const { range, signal } = options
    const { offset = 0, length } = range ?? {}
    if (length === 0) {
      await this.size(url, options)
      return Readable.from([])
    }
    const header = offset === 0 && length === undefined ? undefined : `bytes=${offset}-${lastOf(offset, length)}`
    const found = await this.#at(url, ({ bucket, key, credentials }) =>
      bucket.get(key, { range: header, signal, credentials }),
    )
    if (found === undefined) {
      if (length === undefined) return Readable.from([])
      throw new GlimpseError('blob_truncated', { store: this.id, expectedBytes: length, readBytes: 0 })
    }
    const body = exactLength(found.body, { storeId: this.id, expectedBytes: length ?? found.lengthBytes })
    return signal === undefined ? body : addAbortSignal(signal, body)
  }

  async sizeAsWritten(url: string, { signal }: { signal?: AbortSignal } = {}): Promise<number> {
    const location = parseS3Location(url)
    if (location?.credentials === undefined) throw new GlimpseError('blob_not_found', { store: this.id })
    const { key, credentials } = location
    try {
      return await this.#sizeOf({ bucket: this.#bucketOf(location), key, credentials }, signal)
    } catch (error) {
      // A wrong key in a caller's URL is no failure of the store.
      throw isCallersFault(error) ? new GlimpseError('blob_not_found', { store: this.id }, { cause: error }) : error
    }
  }

  owns(url: string): boolean {
    const location = parseS3Location(url)
    const { config, connection } = this.#setup
    return location?.bucket === config.s3_store_bucket && location?.host === connection.endpoint.host
  }

  currentUrl(url: string): string {
    const key = this.owns(url) ? parseS3Location(url)?.key : undefined
    return key === undefined ? url : this.#locationOf(key)
  }

  async size(url: string, { signal }: { signal?: AbortSignal } = {}): Promise<number> {
    return this.#at(url, (place) => this.#sizeOf(place, signal))
  }

  async delete(url: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#at(url, async ({ bucket, key, credentials }) => {
      // S3 calls it a success to delete what is not there.
      if ((await bucket.find(key, { signal, credentials })) === undefined) {
        throw new GlimpseError('blob_not_found', { store: this.id })
      }
      await bucket.remove(key, { signal, credentials })
    })
  }

  abandoned(): AsyncIterable<AbandonedWrite> {
    return findAbandonedUploads(this.#bucket, { isOurs: (key) => this.#writing.has(key) })
  }

  async *list(options: { prefix: string; signal?: AbortSignal }): AsyncGenerator<ListedBlob, void, undefined> {
    for await (const key of this.#bucket.keys(options)) {
      if (imageIdPattern.test(key)) yield { key, url: this.#locationOf(key) }
    }
  }

  async clear(key: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    for await (const upload of this.#bucket.uploads({ prefix: key })) {
      if (upload.key === key) await this.#bucket.dropUpload(upload)
    }
    if ((await this.#bucket.find(key, { signal })) !== undefined) await this.#bucket.remove(key, { signal })
  }

  async close(): Promise<void> {
    this.#setup.connection.close()
  }

  #locationOf(key: string): string {
    const { config, credentials, connection } = this.#setup
    const { scheme, host } = connection.endpoint
    return formatS3Location({
      scheme,
      host,
      bucket: config.s3_store_bucket ?? '',
      key,
      credentials: config.s3_store_credentials_in_locations ? credentials : undefined,
    })
  }

  /**
   * Acts on what a location names, at the service of the configuration. Its keys come first, so that they can be changed;
   * those of the location are tried where they are refused, as for a bucket of another account.
   */
  async #at<T>(url: string, act: (place: ObjectPlace) => Promise<T>): Promise<T> {
    const location = parseS3Location(url)
    if (location === undefined) throw new GlimpseError('blob_not_found', { store: this.id })
    const place = { bucket: this.#bucketOf(location), key: location.key }
    try {
      return await act(place)
    } catch (error) {
      const { credentials } = location
      const isOther = credentials !== undefined && credentials.accessKey !== this.#setup.credentials.accessKey
      if (!isOther || !isDenied(error)) throw error
      return await act({ ...place, credentials })
    }
  }

  async #sizeOf({ bucket, key, credentials }: ObjectPlace, signal: AbortSignal | undefined): Promise<number> {
    const found = await bucket.find(key, { signal, credentials })
    if (found === undefined) throw new GlimpseError('blob_not_found', { store: this.id })
    return found.sizeBytes
  }

  #bucketOf({ bucket }: S3Location): S3Bucket {
    if (bucket === this.#setup.config.s3_store_bucket) return this.#bucket
    return new S3Bucket(this.#setup.connection, { name: bucket, storeId: this.id })
  }
}

function lastOf(offset: number, length: number | undefined): string {
  return length === undefined ? '' : String(offset + length - 1)
}
