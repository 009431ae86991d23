import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { hasCode } from '../../../errors/error.ts'
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

const whole: RequestListener = (request, response) => {
  response.writeHead(200, { 'content-length': data.length })
  response.end(request.method === 'HEAD' ? undefined : data)
}

test('gives no wrong bytes where a server sends another part than asked for', async (t) => {
  const url = await serve(t, (_request, response) => {
    const headers = { 'content-length': 1000, 'content-range': `bytes 0-999/${data.length}` }
    response.writeHead(206, headers).end(data.subarray(0, 1000))
  })
  const web = await store(t)
  assert.deepEqual(await buffer(await web.open(url, { range: { offset: 0, length: 1000 } })), data.subarray(0, 1000))
  await assert.rejects(web.open(url, { range: { offset: 1000, length: 1000 } }), (error) =>
    hasCode(error, 'store_unavailable'),
  )
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
  const url = await serve(t, whole)
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
  const target = await serve(t, whole)
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
    whole(request, response)
  })
  const sending = await serve(t, (request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(307, { location: target }).end()
  })
  const web = await store(t)
  await web.size(sending.replace('http://', 'http://us%40er:SECRET@'))
  assert.deepEqual(seen, [`Basic ${Buffer.from('us@er:SECRET').toString('base64')}`, undefined])
})
