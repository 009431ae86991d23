import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { Agent } from 'undici'
import { hasCode } from '../../../errors/error.ts'
import { SwiftClient } from './client.ts'
import { fixedToken } from './credentials.ts'
import { openImage } from './reader.ts'

test('gives no wrong bytes where a server sends all data instead of a part', async (t) => {
  const data = randomBytes(300_000)
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-length': data.length }).end(data)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dispatcher = new Agent()
  t.after(async () => {
    await dispatcher.destroy()
    server.close()
  })
  const storageUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new SwiftClient({ dispatcher, storeId: 'swift', storageUrl, credentials: fixedToken('t') })
  const target = {
    client,
    place: { container: 'container', object: 'object' },
    discard: async () => {},
    close: async () => {},
  }
  const options = { storeId: 'swift', retries: 0 }
  assert.deepEqual(await buffer(await openImage(target, options)), data)
  for (const range of [{ offset: 1000 }, { offset: 1000, length: 5000 }]) {
    await assert.rejects(openImage(target, { ...options, range }), (error) => hasCode(error, 'store_unavailable'))
  }
})
