import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { openRbdStore } from '../src/drivers/stores/rbd/rbd-store.ts'
import { openS3Store } from '../src/drivers/stores/s3/s3-store.ts'
import { openSwiftStore } from '../src/drivers/stores/swift/swift-store.ts'
import { put, type WritableStore } from '../test/contract/store-fixture.ts'
import { makeCephPool, rbdConfig } from '../test/support/ceph.ts'
import { peers } from '../test/support/peers.ts'
import { newBucketName, s3Peers, s3StoreConfig, viewBucket } from '../test/support/s3.ts'
import { newContainerName, swiftPeer, swiftStoreConfig } from '../test/support/swift.ts'
import { measureBeside, type StoreSetting } from './store-transfers.ts'

const run = promisify(execFile)
const partMib = 10
const parts = 4

/** Each store beside the tools that operators have for it. */
export async function measureStores(setting: StoreSetting): Promise<void> {
  await measureRbd(setting)
  await measureS3(setting)
  await measureSwift(setting)
}

async function measureRbd(setting: StoreSetting): Promise<void> {
  const { ceph } = await peers('ceph')
  await using pool = await makeCephPool(ceph)
  const store = openRbdStore('rbd', rbdConfig(ceph, pool)) as WritableStore
  try {
    await measureBeside(setting, {
      ...{ name: 'RBD', store, inFlightMib: 32 },
      upload: { name: 'rbd', transfer: (_, path) => pool.rbd('import', path, 'imported', '--object-size', '8M') },
      download: { name: 'rbd', transfer: (_, path) => pool.rbd('export', 'imported', path) },
      cleanUp: () => pool.rbd('rm', 'imported'),
    })
  } finally {
    await store.close()
  }
}

async function measureS3(setting: StoreSetting): Promise<void> {
  const peer = await s3Peers.radosgw()
  const bucket = newBucketName()
  await using view = viewBucket(peer, bucket)
  const store = (await openS3Store(
    's3',
    s3StoreConfig(peer, bucket, { s3_store_large_object_chunk_size: partMib, s3_store_thread_pools: parts }),
  )) as WritableStore
  const size = `${partMib}M`
  const env = {
    RCLONE_S3_PROVIDER: 'Ceph',
    RCLONE_S3_ENDPOINT: `http://${peer.host}:${peer.port}`,
    RCLONE_S3_ACCESS_KEY_ID: peer.accessKey,
    RCLONE_S3_SECRET_ACCESS_KEY: peer.secretKey,
    RCLONE_S3_UPLOAD_CONCURRENCY: String(parts),
    RCLONE_S3_CHUNK_SIZE: size,
    RCLONE_S3_UPLOAD_CUTOFF: size,
    RCLONE_S3_NO_CHECK_BUCKET: 'true',
  }
  try {
    // The first write makes the bucket.
    const { url } = await put(await store.create('bucket', { sizeBytes: 1 }), [Buffer.alloc(1)])
    await store.delete(url)
    await measureBeside(setting, {
      ...{ name: 'S3', store, inFlightMib: parts * partMib },
      upload: {
        name: 'rclone',
        transfer: (round, path) => rclone(env, 'copyto', path, `:s3:${bucket}/rclone-${round}`),
      },
      download: {
        name: 'SDK alone',
        async transfer(round, path) {
          const { Body } = await view.client.send(new GetObjectCommand({ Bucket: bucket, Key: `round-${round}` }))
          await pipeline(Body as NodeJS.ReadableStream, createWriteStream(path))
        },
      },
    })
  } finally {
    await store.close()
  }
}

async function measureSwift(setting: StoreSetting): Promise<void> {
  const peer = await swiftPeer()
  const container = newContainerName()
  const config = swiftStoreConfig(peer, { swift_store_container: container })
  const store = (await openSwiftStore('swift', { config, authAddress: null })) as WritableStore
  const [project = '', user = ''] = peer.user.split(':')
  const env = {
    RCLONE_SWIFT_AUTH: peer.keystone.authUrl,
    RCLONE_SWIFT_USER: user,
    RCLONE_SWIFT_KEY: peer.key,
    RCLONE_SWIFT_TENANT: project,
    RCLONE_SWIFT_DOMAIN: 'Default',
    RCLONE_SWIFT_TENANT_DOMAIN: 'Default',
  }
  const name = (round: number) => `:swift:${container}/rclone-${round}`
  try {
    await measureBeside(setting, {
      ...{ name: 'Swift', store, inFlightMib: 16 },
      upload: { name: 'rclone', transfer: (round, path) => rclone(env, 'copyto', path, name(round)) },
      download: { name: 'rclone', transfer: (round, path) => rclone(env, 'copyto', name(round), path) },
    })
  } finally {
    await store.close()
  }
}

function rclone(env: Readonly<Record<string, string>>, ...args: string[]): Promise<unknown> {
  return run('rclone', args, { env: { PATH: process.env.PATH, RCLONE_CONFIG: '/dev/null', ...env } })
}
