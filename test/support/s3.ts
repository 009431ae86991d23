import { randomBytes } from 'node:crypto'
import { DeleteObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { type S3StoreConfig, s3StoreOptions } from '../../src/drivers/stores/s3/options.ts'
import { peers } from './peers.ts'

/** A service that speaks S3, and an account there. */
export interface S3Peer {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly accessKey: string
  readonly secretKey: string
}

/** Ceph's gateway, and Swift's own S3 interface; started if they do not run. */
export const s3Peers = {
  radosgw: async (): Promise<S3Peer> => ({ name: 'radosgw', ...(await peers('radosgw')).radosgw }),
  swift: async (): Promise<S3Peer> => {
    const { swift } = await peers('swift')
    return { name: 'swift', host: swift.host, port: swift.port, ...swift.s3 }
  },
} as const

export function newBucketName(): string {
  return `glimpse-${randomBytes(6).toString('hex')}`
}

/** The options of a store in that bucket, which is made at the first upload. */
export function s3StoreConfig(peer: S3Peer, bucket: string, more: Partial<S3StoreConfig> = {}): S3StoreConfig {
  const defaults = Object.fromEntries(Object.entries(s3StoreOptions).map(([name, option]) => [name, option.default]))
  return {
    ...(defaults as unknown as S3StoreConfig),
    s3_store_host: `http://${peer.host}:${peer.port}`,
    s3_store_access_key: peer.accessKey,
    s3_store_secret_key: peer.secretKey,
    s3_store_bucket: bucket,
    s3_store_create_bucket_on_put: true,
    ...more,
  }
}

/** A bucket as others see it. */
export interface BucketView extends AsyncDisposable {
  readonly client: S3Client
  readonly bucket: string
  /** Keys of objects, and of uploads in parts that go on. */
  things(): Promise<string[]>
}

export function viewBucket(peer: S3Peer, bucket: string): BucketView {
  const client = new S3Client({
    endpoint: `http://${peer.host}:${peer.port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: peer.accessKey, secretAccessKey: peer.secretKey },
  })
  const unlessMissing = <T>(found: Promise<T>) =>
    found.catch((error: Error) => {
      if (error.name === 'NoSuchBucket') return undefined
      throw error
    })
  return {
    client,
    bucket,
    async things() {
      const objects = await unlessMissing(client.send(new ListObjectsV2Command({ Bucket: bucket })))
      const uploads = await unlessMissing(client.send(new ListMultipartUploadsCommand({ Bucket: bucket })))
      return [...(objects?.Contents ?? []), ...(uploads?.Uploads ?? [])].map(({ Key = '' }) => Key)
    },
    async [Symbol.asyncDispose]() {
      const { Contents = [] } = (await unlessMissing(client.send(new ListObjectsV2Command({ Bucket: bucket })))) ?? {}
      await Promise.all(Contents.map(({ Key }) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))))
      client.destroy()
    },
  }
}
