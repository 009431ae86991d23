import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { freePort } from '../peers/ports.ts'
import { Images } from '../support/images.ts'
import { newBucketName, type S3Peer, s3Peers } from '../support/s3.ts'
import { type Service, startGlimpse } from '../support/service.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const mib = 1024 * 1024

describe('a file store and an S3 store that comes and goes', () => {
  let directory: string
  let peer: S3Peer
  let proxy: TcpProxy
  let service: Service
  let images: Images
  let metricsUrl: string
  const bucket = newBucketName()
  const data = randomBytes(24 * mib)

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'glimpse-multi-store-'))
    peer = await s3Peers.radosgw()
    proxy = await startTcpProxy(peer)
    const metricsPort = await freePort()
    metricsUrl = `http://127.0.0.1:${metricsPort}/metrics`
    service = await startGlimpse({
      directory,
      config: {
        DEFAULT: { enabled_backends: 'disk:file, cloud:s3, gone:s3', show_multiple_locations: true },
        database: { connection: `sqlite:///${directory}/glance.sqlite` },
        glance_store: { default_backend: 'disk' },
        glimpse: { metrics_port: metricsPort },
        healthcheck: { detailed: true },
        disk: { filesystem_store_datadir: join(directory, 'images') },
        cloud: {
          weight: 100,
          s3_store_host: `http://127.0.0.1:${proxy.port}`,
          s3_store_access_key: peer.accessKey,
          s3_store_secret_key: peer.secretKey,
          s3_store_bucket: bucket,
          s3_store_create_bucket_on_put: true,
          s3_store_large_object_size: 0,
          s3_store_large_object_chunk_size: 5,
        },
        gone: {
          s3_store_host: 'http://127.0.0.1:1',
          s3_store_access_key: 'x',
          s3_store_secret_key: 'y',
          s3_store_bucket: 'nowhere',
          s3_store_cacert: join(directory, 'missing.pem'),
        },
      },
    })
    images = new Images(service)
  })
  after(async () => {
    await service?.stop()
    await proxy?.[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  /** An image with the same data in both stores. */
  async function inBoth(): Promise<string> {
    const inCloud = await images.createWithData(data, { store: 'cloud' })
    const inBoth = await images.createWithData(data)
    const account = `${peer.accessKey}:${peer.secretKey}`
    const url = `s3://${account}@127.0.0.1:${proxy.port}/${bucket}/${inCloud.id}`
    assert.equal(await images.addLocation(inBoth.id, { url, metadata: { store: 'cloud' } }), 200)
    return inBoth.id
  }

  it('uploads to the store that the request names, and serves ranges of it', async () => {
    for (const streamed of [false, true]) {
      const image = await images.createWithData(data, { store: 'cloud', streamed })
      assert.deepEqual([image.status, image.size, image.stores], ['active', data.length, 'cloud'])
      assert.ok((await images.download(image.id)).equals(data))
      const part = await images.download(image.id, { range: 'bytes=5000000-6000000' })
      assert.ok(part.equals(data.subarray(5_000_000, 6_000_001)))
      assert.ok(!JSON.stringify(image.locations).includes(peer.secretKey))
      assert.equal(await images.delete(image.id), 204)
    }
  })

  it('reads the store of greatest weight first, unless another is preferred', async () => {
    const id = await inBoth()
    const read = async () => {
      const text = await (await fetch(metricsUrl)).text()
      return Number(/glimpse_store_bytes_total\{store="cloud",direction="read"\} (\d+)/.exec(text)?.[1] ?? 0)
    }
    const before = await read()
    await images.download(id)
    const between = await read()
    assert.equal(between - before, data.length)
    await images.download(id, { prefer: 'disk' })
    assert.equal(await read(), between)
  })

  it('goes on from the other store when one breaks off in mid-download', async () => {
    const id = await inBoth()
    const response = await images.get(id)
    const chunks: Uint8Array[] = []
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      if (chunks.length === 0) proxy.refuse()
      chunks.push(chunk)
    }
    proxy.resume()
    assert.ok(Buffer.concat(chunks).equals(data))
  })

  it('goes on with one store while the other is away, says so, and recovers by itself', async () => {
    const both = await inBoth()
    const cloudOnly = await images.createWithData(data, { store: 'cloud' })
    const statusOf = async (store: string) => (await images.storeDetails()).find(({ id }) => id === store)?.status
    assert.equal(await statusOf('cloud'), undefined)
    proxy.refuse()
    const queued = await images.create()
    assert.equal(await images.upload(queued, data, { store: 'cloud' }), 503)
    assert.equal((await images.show(queued)).status, 'queued')
    await until(async () => {
      assert.equal((await images.get(cloudOnly.id)).status, 503)
      return (await statusOf('cloud')) === 'unavailable'
    })
    const health = await (await fetch(`${service.url}/healthcheck`)).text()
    assert.match(health, /The store cloud failed/)
    assert.ok((await images.createWithData(data)).status === 'active')
    assert.ok((await images.download(both)).equals(data))
    assert.match(await (await fetch(metricsUrl)).text(), /glimpse_store_unavailable\{store="cloud"\} 1/)
    proxy.resume()
    await until(async () => (await images.get(cloudOnly.id)).status === 200, 40_000)
    assert.equal(await statusOf('cloud'), undefined)
    assert.equal(await images.upload(queued, data, { store: 'cloud' }), 204)
  })

  it('starts with a store that cannot be opened, and refuses only what needs it', async () => {
    const id = await images.create()
    assert.equal(await images.upload(id, data, { store: 'gone' }), 503)
    assert.equal(await images.upload(id, data), 204)
    assert.match(await service.log(), /gone/)
  })
})
