import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { hasCode } from '../../../errors/error.ts'
import { type S3StoreConfig, s3StoreOptions } from './options.ts'
import { openS3Store } from './s3-store.ts'

const mib = 1024 * 1024
const data = Buffer.from('the data of an image')

async function serve(t: TestContext, listener: RequestListener, more: Partial<S3StoreConfig> = {}) {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const defaults = Object.fromEntries(Object.entries(s3StoreOptions).map(([name, option]) => [name, option.default]))
  const store = await openS3Store('s3', {
    ...(defaults as unknown as S3StoreConfig),
    ...{ s3_store_host: host, s3_store_bucket: 'images', s3_store_access_key: 'a', s3_store_secret_key: 'b' },
    ...more,
  })
  t.after(async () => {
    await store.close()
    server.closeAllConnections()
    server.close()
  })
  return { store, url: `s3://a:b@${host}/images/key` }
}

function checksum(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(bytes))
  return sum.toString('base64')
}

test('reads data that comes with a checksum, and fails when it does not match', async (t) => {
  let sum = checksum(data)
  const { store, url } = await serve(
    t,
    (_request, response) => {
      response.writeHead(200, { 'content-length': data.length, 'x-amz-checksum-crc32': sum }).end(data)
    },
    { s3_store_enable_data_integrity_protection: true, s3_store_response_checksum_validation: 'when_supported' },
  )
  assert.deepEqual(await buffer(await store.open(url, {})), data)
  sum = checksum(Buffer.from('other data'))
  await assert.rejects(async () => buffer(await store.open(url, {})))
})

test('gives no wrong bytes where a server sends all data instead of a part', async (t) => {
  const { store, url } = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': data.length }).end(data)
  })
  assert.deepEqual(await buffer(await store.open(url, {})), data)
  for (const range of [{ offset: 4 }, { offset: 4, length: 4 }]) {
    await assert.rejects(
      async () => buffer(await store.open(url, { range })),
      (error) => hasCode(error, 'store_unavailable'),
    )
  }
})

test('drops an upload in parts whose caller went away while it began', async (t) => {
  const stop = new AbortController()
  const dropped: string[] = []
  const { store } = await serve(
    t,
    (request, response) => {
      const { method, url = '' } = request
      request.resume()
      if (method === 'HEAD') return void response.writeHead(url.includes('/key') ? 404 : 200).end()
      if (method === 'DELETE') {
        dropped.push(url)
        return void response.writeHead(204).end()
      }
      // The service has begun it when the caller goes.
      stop.abort()
      response.end('<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>')
    },
    { s3_store_large_object_size: 0, s3_store_large_object_chunk_size: 5 },
  )
  const writer = await store.create('key', { sizeBytes: 11 * mib, signal: stop.signal })
  await assert.rejects(async () => {
    for (let i = 0; i < 11; i += 1) await writer.write(Buffer.alloc(mib))
    await writer.commit()
  })
  await writer.abort()
  assert.match(dropped.join(), /^\/images\/key\?.*uploadId=7/)
})
