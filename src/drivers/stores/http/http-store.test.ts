import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { hasCode } from '../../../errors/error.ts'
import type { ByteRange } from '../../../ports/blob-store.ts'
import { openHttpStore } from './http-store.ts'

const data = randomBytes(300_000)

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`
}

async function store(t: TestContext, { trusted = ['127.0.0.1'], sendsOn = true } = {}) {
  const opened = await openHttpStore(
    'web',
    { https_ca_certificates_file: null, https_insecure: true, http_proxy_information: {}, http_local_hosts: [] },
    { trusts: (host) => trusted.includes(host), refuses: () => false, follows: () => sendsOn },
  )
  t.after(() => opened.close())
  return opened
}

const withRanges: RequestListener = (request, response) => {
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  const first = Number(range?.[1] ?? 0)
  const last = range?.[2] ? Number(range[2]) : data.length - 1
  const part = data.subarray(first, last + 1)
  response.writeHead(range ? 206 : 200, { 'content-length': part.length })
  response.end(request.method === 'HEAD' ? undefined : part)
}

const withoutRanges: RequestListener = (_request, response) => {
  response.writeHead(200, { 'content-length': data.length }).end(data)
}

for (const [name, listener] of [
  ['honours ranges', withRanges],
  ['knows no ranges', withoutRanges],
] as const) {
  test(`reads all, a part, and the end of data on a server that ${name}`, async (t) => {
    const url = await serve(t, listener)
    const web = await store(t)
    const read = async (range?: ByteRange) => buffer(await web.open(url, range ? { range } : {}))
    assert.deepEqual(await read(), data)
    assert.deepEqual(await read({ offset: 1000, length: 5000 }), data.subarray(1000, 6000))
    assert.deepEqual(await read({ offset: 299_000 }), data.subarray(299_000))
  })
}

test('tells the size that the server announces', async (t) => {
  const web = await store(t)
  assert.equal(await web.size(await serve(t, withRanges)), data.length)
})

test('fails when the server ends early', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-length': data.length })
    response.write(data.subarray(0, 1000), () => response.destroy())
  })
  const web = await store(t)
  await assert.rejects(async () => buffer(await web.open(url, {})))
})

test('fails when a body of unannounced length ends before the range does', async (t) => {
  const url = await serve(t, (_request, response) => response.end(data.subarray(0, 1000)))
  const web = await store(t)
  await assert.rejects(
    async () => buffer(await web.open(url, { range: { offset: 0, length: data.length } })),
    (error) => hasCode(error, 'blob_truncated'),
  )
})

test('says that data is missing, and that a server refuses or is away, without the URL', async (t) => {
  const web = await store(t)
  const missing = await serve(t, (_request, response) => response.writeHead(404).end())
  await assert.rejects(web.open(missing, {}), (error) => hasCode(error, 'blob_not_found'))
  const refusing = await serve(t, (_request, response) => response.writeHead(403).end())
  await assert.rejects(web.open(refusing, {}), (error) => hasCode(error, 'store_unavailable'))
  await assert.rejects(web.open('http://user:SECRET@127.0.0.1:1/image', {}), (error: Error) => {
    assert.ok(hasCode(error, 'store_unavailable'))
    assert.doesNotMatch(error.message, /SECRET/)
    return true
  })
})

test('offers neither writing nor deleting', async (t) => {
  const web = await store(t)
  assert.equal(web.create, undefined)
  assert.equal(web.delete, undefined)
})

test('reads nothing from local addresses, by number or by name, unless the host is trusted', async (t) => {
  const url = await serve(t, withRanges)
  const wary = await store(t, { trusted: [] })
  for (const local of [url, url.replace('127.0.0.1', 'localhost'), 'http://169.254.169.254/', 'http://[::1]:1/']) {
    await assert.rejects(wary.open(local, {}), (error: Error) => {
      assert.ok(hasCode(error, 'store_unavailable'))
      assert.match(error.message, /EADDRREFUSED|may not be fetched from/)
      return true
    })
  }
  const trusting = await store(t, { trusted: ['localhost'] })
  assert.equal(await trusting.size(url.replace('127.0.0.1', 'localhost')), data.length)
})

test('is sent on within a server, and to others as the rules say', async (t) => {
  const target = await serve(t, withRanges)
  const sending = await serve(t, (request, response) => {
    const location = request.url === '/image' ? '/second' : target
    response.writeHead(302, { location }).end()
  })
  const read = async (web: Awaited<ReturnType<typeof store>>) => buffer(await web.open(sending, {}))
  assert.deepEqual(await read(await store(t)), data)
  await assert.rejects(read(await store(t, { sendsOn: false })), (error) => hasCode(error, 'store_unavailable'))
})

test('is not sent on to local addresses, nor without end, nor out of the web', async (t) => {
  const web = await store(t)
  for (const location of ['http://169.254.169.254/latest', '/image', 'file:///etc/passwd', '']) {
    const url = await serve(t, (_request, response) => response.writeHead(302, { location }).end())
    await assert.rejects(web.open(url, {}), (error) => hasCode(error, 'store_unavailable'))
  }
})

test('shows the account that the URL names to that server alone', async (t) => {
  const seen: (string | undefined)[] = []
  const target = await serve(t, (request, response) => {
    seen.push(request.headers.authorization)
    withRanges(request, response)
  })
  const sending = await serve(t, (request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(307, { location: target }).end()
  })
  const web = await store(t)
  await web.size(sending.replace('http://', 'http://us%40er:SECRET@'))
  assert.deepEqual(seen, [`Basic ${Buffer.from('us@er:SECRET').toString('base64')}`, undefined])
})
