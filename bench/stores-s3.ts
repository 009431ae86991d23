import { execFile } from 'node:child_process'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import { openS3Store } from '../src/drivers/stores/s3/s3-store.ts'
import { put } from '../test/contract/store-fixture.ts'
import { newBucketName, type S3Peer, s3Peers, s3StoreConfig, viewBucket } from '../test/support/s3.ts'
import type { StoreSetting } from './stores.ts'

const run = promisify(execFile)
const partMib = 10
const parts = 4

/** The S3 store beside rclone with parts of the same size and number, and downloads beside the SDK alone, in turn. */
export async function measureS3({ blob, work, rounds, figures }: StoreSetting): Promise<void> {
  const peer = await s3Peers.radosgw()
  const bucket = newBucketName()
  await using view = viewBucket(peer, bucket)
  const store = await openS3Store(
    's3',
    s3StoreConfig(peer, bucket, { s3_store_large_object_chunk_size: partMib, s3_store_thread_pools: parts }),
  )
  const target = join(work, 'downloaded')
  const add = async (name: string, column: string, transfer: () => Promise<unknown>) => {
    const startedAt = performance.now()
    await transfer()
    figures.add(name, column, (blob.gib * 1024 * 1000) / (performance.now() - startedAt))
  }
  try {
    const first = await put(await store.create('bucket', { sizeBytes: 1 }), [Buffer.alloc(1)])
    await store.delete(first.url)
    for (let round = 0; round < rounds; round++) {
      await add('S3 upload, MiB/s', 'rclone', () => rclone(peer, 'copyto', blob.path, `:s3:${bucket}/rclone-${round}`))
      const delay = monitorEventLoopDelay({ resolution: 1 })
      delay.enable()
      const before = process.memoryUsage().rss
      let peak = before
      const writer = await store.create(`round-${round}`, { sizeBytes: blob.gib * 2 ** 30 })
      let url = ''
      await add('S3 upload, MiB/s', 'glimpse', async () => {
        for await (const chunk of createReadStream(blob.path, { highWaterMark: 512 * 1024 })) {
          await writer.write(chunk as Buffer)
          peak = Math.max(peak, process.memoryUsage.rss())
        }
        url = (await put(writer, [])).url
      })
      await add('S3 download, MiB/s', 'glimpse', async () =>
        pipeline(await store.open(url, {}), createWriteStream(target)),
      )
      delay.disable()
      figures.add('S3, longest stall of the event loop, ms', 'glimpse', delay.max / 1e6)
      figures.add(
        `S3 upload, memory beyond ${parts} parts, MiB`,
        'glimpse',
        (peak - before) / 2 ** 20 - parts * partMib,
      )
      await add('S3 download, MiB/s', 'SDK alone', async () => {
        const { Body } = await view.client.send(new GetObjectCommand({ Bucket: bucket, Key: `round-${round}` }))
        await pipeline(Body as NodeJS.ReadableStream, createWriteStream(target))
      })
      await store.delete(url)
    }
  } finally {
    await rm(target, { force: true })
    await store.close()
  }
}

function rclone(peer: S3Peer, ...args: string[]): Promise<unknown> {
  const size = `${partMib}M`
  return run('rclone', [...args, '--s3-chunk-size', size, '--s3-upload-cutoff', size, '--s3-no-check-bucket'], {
    env: {
      PATH: process.env.PATH,
      RCLONE_CONFIG: '/dev/null',
      RCLONE_S3_PROVIDER: 'Ceph',
      RCLONE_S3_ENDPOINT: `http://${peer.host}:${peer.port}`,
      RCLONE_S3_ACCESS_KEY_ID: peer.accessKey,
      RCLONE_S3_SECRET_ACCESS_KEY: peer.secretKey,
      RCLONE_S3_UPLOAD_CONCURRENCY: String(parts),
    },
  })
}
