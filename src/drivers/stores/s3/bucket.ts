import type { Readable } from 'node:stream'
import type {
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  ListObjectsV2CommandOutput,
  ListPartsCommandOutput,
  S3Client,
} from '@aws-sdk/client-s3'
import { GlimpseError, hasCode } from '../../../errors/error.ts'
import { type Body, type S3Connection, sendOptions, withDigest, withPatience } from './connection.ts'
import { isUnsupported, s3Status, translateS3Error } from './errors.ts'
import type { S3Credentials } from './location.ts'

/** Object metadata that tells whose write an object comes from. */
const markName = 'glimpse-write'

export interface ObjectInfo {
  readonly sizeBytes: number
  /** Set by the write that made it. */
  readonly mark: string | undefined
}

/** What an upload in parts is called. */
export interface UploadName {
  readonly key: string
  readonly uploadId: string
}

export interface SentPart {
  readonly number: number
  readonly etag: string
}

interface Call {
  readonly key: string
  readonly isWrite: boolean
  readonly credentials?: S3Credentials | undefined
}

/** One bucket, in the words of the driver: requests of the SDK, and errors of the catalogue. */
export class S3Bucket {
  readonly #connection: S3Connection
  readonly #name: string
  readonly #storeId: string
  /** Not every service can refuse to overwrite. */
  #knowsConditions = true

  constructor(connection: S3Connection, { name, storeId }: { name: string; storeId: string }) {
    this.#connection = connection
    this.#name = name
    this.#storeId = storeId
  }

  /** True if bodies come with their digest. */
  get signsBodies(): boolean {
    return this.#connection.signsBodies
  }

  /** @throws store_unavailable if it is not there and must not be made */
  async requireExisting({
    mayCreate,
    signal,
  }: {
    mayCreate: boolean
    signal?: AbortSignal | undefined
  }): Promise<void> {
    const { sdk, endpoint } = this.#connection
    const call = { key: '', isWrite: true }
    const exists = await this.#run(call, async (client) => {
      try {
        await client.send(new sdk.HeadBucketCommand({ Bucket: this.#name }), sendOptions(signal))
        return true
      } catch (error) {
        if (s3Status(error) === 404) return false
        throw error
      }
    })
    if (exists) return
    if (!mayCreate) {
      const reason = `there is no bucket ${this.#name}; s3_store_create_bucket_on_put would make it`
      throw new GlimpseError('store_unavailable', { store: this.#storeId, reason })
    }
    // Amazon's first region is the one that must not be named.
    const isPlain = endpoint.region === 'us-east-1'
    const place = isPlain ? {} : { CreateBucketConfiguration: { LocationConstraint: endpoint.region as 'eu-west-1' } }
    await this.#run(call, async (client) => {
      try {
        await client.send(new sdk.CreateBucketCommand({ Bucket: this.#name, ...place }), sendOptions(signal))
      } catch (error) {
        if ((error as Error).name !== 'BucketAlreadyOwnedByYou') throw error
      }
    })
  }

  /** @returns undefined if there is no such object */
  async find(
    key: string,
    options: { signal?: AbortSignal | undefined; credentials?: S3Credentials | undefined } = {},
  ): Promise<ObjectInfo | undefined> {
    const { sdk } = this.#connection
    return this.#run({ key, isWrite: false, credentials: options.credentials }, async (client) => {
      try {
        const command = new sdk.HeadObjectCommand({ Bucket: this.#name, Key: key })
        const { ContentLength, Metadata } = await client.send(command, sendOptions(options.signal))
        return { sizeBytes: ContentLength ?? 0, mark: Metadata?.[markName] }
      } catch (error) {
        if (s3Status(error) === 404) return undefined
        throw error
      }
    })
  }

  /** @returns the body and its length; undefined if the range lies outside. @throws blob_not_found */
  async get(
    key: string,
    options: { range: string | undefined; signal?: AbortSignal | undefined; credentials?: S3Credentials | undefined },
  ): Promise<{ body: Readable; lengthBytes: number } | undefined> {
    const { sdk } = this.#connection
    const range = options.range === undefined ? {} : { Range: options.range }
    return this.#run({ key, isWrite: false, credentials: options.credentials }, async (client) => {
      try {
        const command = withPatience(new sdk.GetObjectCommand({ Bucket: this.#name, Key: key, ...range }))
        const { Body, ContentLength, ContentRange } = await client.send(command, sendOptions(options.signal))
        // Behind the SDK's own stream where that checks the data.
        const body = Body as Readable
        if (options.range !== undefined && ContentRange === undefined) {
          body.on('error', () => undefined).destroy()
          const reason = 'it sends all data where a part is asked for'
          throw new GlimpseError('store_unavailable', { store: this.#storeId, reason })
        }
        return { body, lengthBytes: ContentLength ?? 0 }
      } catch (error) {
        if (s3Status(error) === 416) return undefined
        throw error
      }
    })
  }

  /** Keys of objects that begin with `prefix`. */
  async *keys({
    prefix,
    signal,
  }: {
    prefix: string
    signal?: AbortSignal | undefined
  }): AsyncGenerator<string, void, undefined> {
    const { sdk } = this.#connection
    let token: string | undefined
    do {
      const input = { Bucket: this.#name, Prefix: prefix, ...(token === undefined ? {} : { ContinuationToken: token }) }
      const page: ListObjectsV2CommandOutput | undefined = await this.#run({ key: '', isWrite: false }, (client) =>
        client.send(new sdk.ListObjectsV2Command(input), sendOptions(signal)),
      ).catch(undefinedIfMissing)
      if (page === undefined) return
      for (const { Key: key } of page.Contents ?? []) if (key !== undefined) yield key
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  /** Makes an object, unless there is one and the service can tell. @throws blob_exists */
  async put(key: string, body: Body, { mark, signal }: { mark: string; signal: AbortSignal }): Promise<void> {
    const { sdk } = this.#connection
    const input = { Bucket: this.#name, Key: key, Body: body.bytes, Metadata: { [markName]: mark } }
    await this.#conditionally({ key, isWrite: true }, (client, condition) =>
      client.send(withDigest(new sdk.PutObjectCommand({ ...input, ...condition }), body), sendOptions(signal)),
    )
  }

  async remove(
    key: string,
    options: { signal?: AbortSignal | undefined; credentials?: S3Credentials | undefined } = {},
  ): Promise<void> {
    const { sdk } = this.#connection
    await this.#run({ key, isWrite: true, credentials: options.credentials }, (client) =>
      client.send(new sdk.DeleteObjectCommand({ Bucket: this.#name, Key: key }), sendOptions(options.signal)),
    )
  }

  /** Takes no signal: what the service begins unseen nobody could drop. */
  async startUpload(key: string, { mark }: { mark: string }): Promise<UploadName> {
    const { sdk } = this.#connection
    const command = { Bucket: this.#name, Key: key, Metadata: { [markName]: mark } }
    const { UploadId = '' } = await this.#run({ key, isWrite: true }, (client) =>
      client.send(new sdk.CreateMultipartUploadCommand(command)),
    )
    return { key, uploadId: UploadId }
  }

  async sendPart(
    { key, uploadId }: UploadName,
    { number, body, signal }: { number: number; body: Body; signal: AbortSignal },
  ): Promise<SentPart> {
    const { sdk } = this.#connection
    const input = { Bucket: this.#name, Key: key, UploadId: uploadId, PartNumber: number, Body: body.bytes }
    const { ETag = '' } = await this.#run({ key, isWrite: true }, (client) =>
      client.send(withDigest(new sdk.UploadPartCommand(input), body), sendOptions(signal)),
    )
    return { number, etag: ETag }
  }

  /** @throws blob_exists where the service can tell */
  async completeUpload({ key, uploadId }: UploadName, parts: readonly SentPart[], signal: AbortSignal): Promise<void> {
    const { sdk } = this.#connection
    const Parts = parts.map(({ number, etag }) => ({ PartNumber: number, ETag: etag }))
    const input = { Bucket: this.#name, Key: key, UploadId: uploadId, MultipartUpload: { Parts } }
    await this.#conditionally({ key, isWrite: true }, (client, condition) =>
      client.send(new sdk.CompleteMultipartUploadCommand({ ...input, ...condition }), sendOptions(signal)),
    )
  }

  /** Removes all parts. One that is gone already is no failure. */
  async dropUpload({ key, uploadId }: UploadName): Promise<void> {
    const { sdk } = this.#connection
    await this.#run({ key, isWrite: true }, async (client) => {
      try {
        const command = { Bucket: this.#name, Key: key, UploadId: uploadId }
        await client.send(new sdk.AbortMultipartUploadCommand(command))
      } catch (error) {
        if (s3Status(error) !== 404) throw error
      }
    })
  }

  /** Uploads in parts, to keys with that beginning, that were neither completed nor dropped, with the time at which each began. */
  async *uploads({ prefix = '' } = {}): AsyncGenerator<UploadName & { readonly startedAt: Date }, void, undefined> {
    const { sdk } = this.#connection
    let marker: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
    while (marker !== undefined) {
      const input: ListMultipartUploadsCommandInput = { Bucket: this.#name, Prefix: prefix, ...marker }
      const page: ListMultipartUploadsCommandOutput | undefined = await this.#run(
        { key: '', isWrite: false },
        (client) => client.send(new sdk.ListMultipartUploadsCommand(input)),
      ).catch(undefinedIfMissing)
      if (page === undefined) return
      for (const { Key: key = '', UploadId: uploadId = '', Initiated: startedAt } of page.Uploads ?? []) {
        if (startedAt !== undefined) yield { key, uploadId, startedAt }
      }
      const { NextKeyMarker: KeyMarker = '', NextUploadIdMarker: UploadIdMarker = '' } = page
      marker = page.IsTruncated === true ? { KeyMarker, UploadIdMarker } : undefined
    }
  }

  /** When the last part of an upload came; undefined if it has none. */
  async lastPartAt({ key, uploadId }: UploadName): Promise<Date | undefined> {
    const { sdk } = this.#connection
    const call = { key, isWrite: false }
    let newest: Date | undefined
    let marker: string | undefined
    do {
      const input = { Bucket: this.#name, Key: key, UploadId: uploadId }
      const command = new sdk.ListPartsCommand({
        ...input,
        ...(marker === undefined ? {} : { PartNumberMarker: marker }),
      })
      const page: ListPartsCommandOutput = await this.#run(call, (client) => client.send(command))
      for (const { LastModified } of page.Parts ?? []) {
        if (LastModified !== undefined && (newest === undefined || LastModified > newest)) newest = LastModified
      }
      marker = page.IsTruncated === true ? page.NextPartNumberMarker : undefined
    } while (marker !== undefined)
    return newest
  }

  /** Asks the service to refuse if the object exists; asks without that if it cannot. */
  async #conditionally<T>(
    call: Call,
    act: (client: S3Client, condition: { IfNoneMatch?: string }) => Promise<T>,
  ): Promise<T> {
    return this.#run(call, async (client) => {
      if (!this.#knowsConditions) return act(client, {})
      try {
        return await act(client, { IfNoneMatch: '*' })
      } catch (error) {
        if (!isUnsupported(error)) throw error
        this.#knowsConditions = false
        return act(client, {})
      }
    })
  }

  async #run<T>({ key, isWrite, credentials }: Call, act: (client: S3Client) => Promise<T>): Promise<T> {
    try {
      return await this.#connection.run(act, credentials)
    } catch (error) {
      if ((error as Error).name === 'AbortError') throw error
      throw translateS3Error(error, { storeId: this.#storeId, key, isWrite })
    }
  }
}

/** A bucket that is made with its first object holds nothing before. */
function undefinedIfMissing(error: unknown): undefined {
  if (!hasCode(error, 'blob_not_found')) throw error
}
