import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { test } from 'node:test'
import { hasCode } from '../../errors/error.ts'
import { directBody } from './direct-body.ts'
import { loadLibc } from './libc.ts'
import { separateBody } from './separate-body.ts'

const libc = await loadLibc()
const ways: Record<string, (request: IncomingMessage) => Readable | undefined> = {
  'a separate body': separateBody,
  'a direct body': (request) => directBody(request, libc),
}

/** What the body of a request ends with whose client goes away before anybody reads it. */
async function outcomeOf(sent: string, open: (request: IncomingMessage) => Readable | undefined): Promise<unknown> {
  await using server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write(`PUT / HTTP/1.1\r\nhost: x\r\n${sent}`)
  const [request] = (await once(server, 'request')) as [IncomingMessage]
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  request.once('close', resolve)
  client.destroy()
  await closed
  const body = open(request)
  assert.ok(body)
  body.resume()
  return finished(body, { signal: AbortSignal.timeout(2_000) }).catch((error: unknown) => error)
}

for (const [name, open] of Object.entries(ways)) {
  test(`${name} fails if the client was gone before it was opened`, async () => {
    const error = await outcomeOf('content-length: 10\r\n\r\nhello', open)
    assert.ok(hasCode(error, 'upload_aborted'), String(error))
  })
}

test('a separate body fails if the client was gone with all of it sent and nothing read', async () => {
  const error = await outcomeOf('transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n', separateBody)
  assert.ok(hasCode(error, 'upload_aborted'), String(error))
})
