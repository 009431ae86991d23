import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { before, describe, it, type TestContext } from 'node:test'
import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { findAbandonedUploads } from '../../src/drivers/stores/s3/abandoned.ts'
import { S3Bucket } from '../../src/drivers/stores/s3/bucket.ts'
import { openS3Connection } from '../../src/drivers/stores/s3/connection.ts'
import type { S3StoreConfig } from '../../src/drivers/stores/s3/options.ts'
import { openS3Store, type S3Store } from '../../src/drivers/stores/s3/s3-store.ts'
import { hasErrorCode, put } from '../contract/store-fixture.ts'
import { newBucketName, type S3Peer, s3Peers, s3StoreConfig, viewBucket } from '../support/s3.ts'
import { startTlsProxy } from '../support/tls-proxy.ts'

const hoursMs = 3_600_000

describe('the S3 store', () => {
  let peer: S3Peer
  before(async () => {
    peer = await s3Peers.radosgw()
  })

  async function open(t: TestContext, more: Partial<S3StoreConfig> = {}, bucket = newBucketName()) {
    const config = s3StoreConfig(peer, bucket, more)
    const store = await openS3Store('s3', config)
    const view = viewBucket(peer, bucket)
    t.after(async () => {
      await store.close()
      await view[Symbol.asyncDispose]()
    })
    return { store, view, bucket, config }
  }

  const write = async (store: S3Store, data: Uint8Array, key: string = randomUUID()) =>
    (await put(await store.create(key, { sizeBytes: data.length }), [data])).url
  const read = async (store: S3Store, url: string) => (await buffer(await store.open(url, {}))).toString()

  it('writes locations as the reference does, or without keys', async (t) => {
    const { store, bucket } = await open(t)
    const key = randomUUID()
    const place = `127.0.0.1:${peer.port}/${bucket}`
    assert.equal(await write(store, Buffer.from('a'), key), `s3://${peer.accessKey}:${peer.secretKey}@${place}/${key}`)
    const bare = await open(t, { s3_store_credentials_in_locations: false }, bucket)
    const other = randomUUID()
    const url = await write(bare.store, Buffer.from('b'), other)
    assert.equal(url, `s3://${place}/${other}`)
    assert.equal(await read(store, url), 'b')
  })

  it('holds nothing, and needs no clearing, before its bucket is made', async (t) => {
    const { store } = await open(t)
    await store.clear(randomUUID())
    const found = [await Array.fromAsync(store.abandoned()), await Array.fromAsync(store.list({ prefix: '' }))]
    assert.deepEqual(found, [[], []])
  })

  it('reads old locations after the keys were changed', async (t) => {
    const { store } = await open(t)
    const url = await write(store, Buffer.from('data'))
    const old = url.replace(`${peer.accessKey}:${peer.secretKey}`, 'OLDKEY:old/secret')
    assert.equal(await read(store, old), 'data')
    assert.equal(await store.size(old), 4)
    await store.delete(old)
    await assert.rejects(store.size(url), hasErrorCode('blob_not_found'))
  })

  it('reads what its own keys do not open with those of the location', async (t) => {
    const { store, bucket } = await open(t)
    const url = await write(store, Buffer.from('data'))
    const stranger = await open(t, { s3_store_access_key: 'NOBODY', s3_store_secret_key: 'nothing' }, bucket)
    assert.equal(await read(stranger.store, url), 'data')
    await assert.rejects(stranger.store.size(url.replace(/:\/\/.*@/, '://')), hasErrorCode('store_unavailable'))
  })

  it('tells callers the size of their URLs only if these name the keys', async (t) => {
    const { store } = await open(t)
    const url = await write(store, Buffer.from('data'))
    assert.equal(await store.sizeAsWritten(url), 4)
    for (const other of [url.replace(/:\/\/.*@/, '://'), url.replace(peer.secretKey, 'guess'), 's3://x']) {
      await assert.rejects(store.sizeAsWritten(other), hasErrorCode('blob_not_found'))
    }
    assert.ok(store.owns(url))
    assert.ok(!store.owns(url.replace(`:${peer.port}/`, ':1/')))
  })

  it('makes no bucket unless it may', async (t) => {
    const { store } = await open(t, { s3_store_create_bucket_on_put: false })
    await assert.rejects(store.create(randomUUID(), { sizeBytes: 1 }), hasErrorCode('store_unavailable'))
  })

  it('puts data below s3_store_large_object_size into one piece', async (t) => {
    const { store, view, bucket } = await open(t, {
      s3_store_large_object_size: 12,
      s3_store_large_object_chunk_size: 5,
    })
    const [small, large] = [randomUUID(), randomUUID()]
    await write(store, randomBytes(11 * 2 ** 20), small)
    await write(store, randomBytes(12 * 2 ** 20), large)
    const { HeadObjectCommand } = await import('@aws-sdk/client-s3')
    const etag = async (Key: string) => (await view.client.send(new HeadObjectCommand({ Bucket: bucket, Key }))).ETag
    assert.doesNotMatch((await etag(small)) ?? '', /-/)
    assert.match((await etag(large)) ?? '', /-3"$/)
  })

  it('speaks TLS to a server with an authority of its own', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'glimpse-s3-tls-'))
    const proxy = await startTlsProxy(peer, directory)
    t.after(async () => {
      await proxy[Symbol.asyncDispose]()
      await rm(directory, { recursive: true })
    })
    const host = { s3_store_host: `https://127.0.0.1:${proxy.port}`, s3_store_large_object_size: 0 }
    const trusting = await open(t, { ...host, s3_store_cacert: proxy.caPath })
    const data = randomBytes(11 * 2 ** 20)
    const url = await write(trusting.store, data)
    assert.match(url, /^s3\+https:/)
    assert.ok((await buffer(await trusting.store.open(url, {}))).equals(data))
    const wary = await open(t, host)
    await assert.rejects(wary.store.size(url), hasErrorCode('store_unavailable'))
    await assert.rejects(open(t, { s3_store_cacert: join(directory, 'none') }), hasErrorCode('store_misconfigured'))
  })

  it('finds uploads that stopped a day ago, of images alone, and removes them', async (t) => {
    const { store, view, bucket, config } = await open(t)
    const key = randomUUID()
    await write(store, Buffer.from('makes the bucket'))
    for (const name of [key, 'backup.tar']) {
      const { UploadId } = await view.client.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: name }))
      const part = { Bucket: bucket, Key: name, UploadId, PartNumber: 1, Body: Buffer.from('part') }
      await view.client.send(new UploadPartCommand(part))
    }
    const connection = await openS3Connection('s3', {
      config,
      credentials: { accessKey: peer.accessKey, secretKey: peer.secretKey },
    })
    t.after(() => connection.close())
    const s3 = new S3Bucket(connection, { name: bucket, storeId: 's3' })
    const found = async (hours: number, isOurs = false) => {
      const now = () => Date.now() + hours * hoursMs
      return Array.fromAsync(findAbandonedUploads(s3, { isOurs: () => isOurs, now }))
    }
    assert.deepEqual(await found(23), [])
    assert.deepEqual(await found(25, true), [])
    const [write1, ...others] = await found(25)
    assert.deepEqual([write1?.key, others], [key, []])
    await write1?.removeBlob()
    await write1?.discard()
    assert.deepEqual(await found(25), [])
    assert.ok((await view.things()).includes('backup.tar'))
  })
})
