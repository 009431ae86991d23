import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openS3Connection, withDigest } from './connection.ts'
import { s3Endpoint } from './endpoint.ts'
import { formatS3Location, parseS3Location } from './location.ts'
import { type S3StoreConfig, s3StoreOptions } from './options.ts'
import { PartPlan } from './part-plan.ts'

const mib = 1024 * 1024
const defaults = Object.fromEntries(
  Object.entries(s3StoreOptions).map(([name, option]) => [name, option.default]),
) as unknown as S3StoreConfig

describe('locations of S3', () => {
  it('are read as the reference writes them, with slashes in a secret', () => {
    const location = {
      scheme: 's3+https',
      credentials: { accessKey: 'AK', secretKey: 'se/cr+et/' },
      host: 's3.example.org:8443',
      bucket: 'glance',
      key: '0a1b',
    }
    const url = 's3+https://AK:se/cr+et/@s3.example.org:8443/glance/0a1b'
    assert.deepEqual(parseS3Location(url), location)
    assert.equal(formatS3Location(location), url)
  })

  it('need no credentials', () => {
    const location = parseS3Location('s3://host/path/bucket/key')
    assert.deepEqual(location, {
      scheme: 's3',
      credentials: undefined,
      host: 'host/path',
      bucket: 'bucket',
      key: 'key',
    })
    assert.equal(formatS3Location({ ...(location as NonNullable<typeof location>) }), 's3://host/path/bucket/key')
  })

  it('are not made of other URLs', () => {
    for (const url of ['s3://', 's3://host/key', 'https://host/bucket/key', 's3:host/bucket/key']) {
      assert.equal(parseS3Location(url), undefined)
    }
  })
})

describe('s3Endpoint', () => {
  const endpoint = (host: string, more: Partial<S3StoreConfig> = {}) =>
    s3Endpoint({ ...defaults, s3_store_bucket: 'glance', s3_store_host: host, ...more })

  it('speaks HTTP unless the host says otherwise', () => {
    assert.deepEqual(endpoint('10.0.0.1:7480'), {
      url: 'http://10.0.0.1:7480',
      scheme: 's3',
      host: '10.0.0.1:7480',
      region: 'us-east-1',
      forcePathStyle: true,
    })
    const { url, scheme, host } = endpoint('https://store.example.org/')
    assert.deepEqual([url, scheme, host], ['https://store.example.org', 's3+https', 'store.example.org'])
  })

  it('knows Amazon’s regions and puts the bucket into its host names', () => {
    for (const host of ['https://s3.eu-west-1.amazonaws.com', 's3-eu-west-1.amazonaws.com']) {
      const { region, forcePathStyle } = endpoint(host)
      assert.deepEqual([region, forcePathStyle], ['eu-west-1', false])
    }
    assert.equal(endpoint('s3.amazonaws.com').region, 'us-east-1')
    assert.equal(endpoint('s3.eu-west-1.amazonaws.com', { s3_store_region_name: 'eu-west-2' }).region, 'eu-west-2')
    assert.equal(endpoint('s3.amazonaws.com', { s3_store_bucket: 'No_Name' }).forcePathStyle, true)
  })

  it('follows s3_store_bucket_url_format', () => {
    assert.equal(endpoint('store', { s3_store_bucket_url_format: 'virtual' }).forcePathStyle, false)
    assert.equal(endpoint('s3.amazonaws.com', { s3_store_bucket_url_format: 'path' }).forcePathStyle, true)
  })
})

describe('S3Connection', () => {
  it('puts the bucket where the options say, and signs with the digest that it is given', async () => {
    const credentials = { accessKey: 'a', secretKey: 'b' }
    for (const [host, format, seenHost, seenPath, isSigned] of [
      ['store.example.org', 'auto', 'store.example.org', '/images/key', true],
      ['https://store.example.org', 'virtual', 'images.store.example.org', '/key', false],
      ['https://s3.eu-west-1.amazonaws.com', 'auto', 'images.s3.eu-west-1.amazonaws.com', '/key', false],
      ['https://s3.eu-west-1.amazonaws.com', 'path', 's3.eu-west-1.amazonaws.com', '/images/key', false],
    ] as const) {
      const more = { s3_store_host: host, s3_store_bucket: 'images', s3_store_bucket_url_format: format }
      const connection = await openS3Connection('s', { config: { ...defaults, ...more }, credentials })
      const requests: { hostname: string; path: string; headers: Record<string, string> }[] = []
      const sending = connection.run((client) => {
        client.middlewareStack.add(
          () => async (args) => {
            requests.push(args.request as (typeof requests)[number])
            throw new Error('seen')
          },
          { step: 'finalizeRequest', priority: 'low' },
        )
        const bytes = Buffer.from('data')
        const command = new connection.sdk.PutObjectCommand({ Bucket: 'images', Key: 'key', Body: bytes })
        return client.send(withDigest(command, { bytes, sha256: connection.signsBodies ? 'abc' : null }))
      })
      await assert.rejects(sending, /seen/)
      const [request] = requests
      assert.deepEqual([request?.hostname, request?.path], [seenHost, seenPath])
      assert.equal(request?.headers['x-amz-content-sha256'], isSigned ? 'abc' : 'UNSIGNED-PAYLOAD')
      connection.close()
    }
  })
})

describe('PartPlan', () => {
  const plan = (sizeBytes: number | null, singleBelowMib = 100) =>
    new PartPlan({ sizeBytes, partBytes: 10 * mib, singleBelowBytes: singleBelowMib * mib, buffers: 10 })

  /** Walks over parts until the data is in; checks the bounds of S3 and of memory. */
  function walk(sizeBytes: number, by: PartPlan): number {
    let at = 0
    let index = 0
    for (; at < sizeBytes; index += 1) {
      const part = by.bytesOf(index)
      assert.ok(part <= 5 * 1024 * mib && (part >= 5 * mib || part >= sizeBytes))
      assert.ok(by.buffersFor(index) === 1 || by.buffersFor(index) * part <= 100 * mib)
      at += part
    }
    assert.ok(index <= 10_000)
    return index
  }

  it('keeps data below the threshold in one piece, as far as memory allows', () => {
    assert.equal(plan(99 * mib).bytesOf(0), 99 * mib)
    assert.equal(plan(100 * mib).bytesOf(0), 10 * mib)
    assert.equal(plan(99 * mib, 0).bytesOf(0), 10 * mib)
    assert.equal(plan(500 * mib, 1000).bytesOf(0), 10 * mib)
  })

  it('takes images of any size that is allowed, known or not, in 10000 parts', () => {
    for (const size of [1, 11 * mib, 100_000 * mib, 100_001 * mib, 1024 ** 4]) walk(size, plan(size))
    assert.ok(walk(1024 ** 4, plan(null)) > 9000)
  })
})
