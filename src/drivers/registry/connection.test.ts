import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { clientConfig, silentLog as log } from '../../../test/support/registry.ts'
import { hasCode } from '../../errors/error.ts'
import { encodeResult } from '../../registry/messages.ts'
import { RegistryConnection, type ServiceTokens } from './connection.ts'

const unavailable = (error: unknown) => hasCode(error, 'database_unavailable')
const newImage = { id: 'i', status: 'queued', visibility: 'shared' } as const

/** A registry that answers as the test has it. */
async function serve(t: TestContext, listener: RequestListener) {
  const server = createServer(listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

function connect(t: TestContext, port: number, options: { timeoutSeconds?: number; tokens?: ServiceTokens } = {}) {
  const config = { ...clientConfig(port), registry_client_timeout: options.timeoutSeconds ?? 5 }
  const connection = new RegistryConnection({ config, tokens: options.tokens, log })
  t.after(() => connection.close())
  return connection
}

describe('the connection to a registry', () => {
  it('is kept from one question to the next', async (t) => {
    const { port, sockets } = await serve(t, (_request, response) => response.end(encodeResult(undefined)))
    const connection = connect(t, port)
    for (let n = 0; n < 30; n += 1) assert.equal(await connection.call('images.get', ['i']), undefined)
    assert.ok(sockets.size <= 3, `${sockets.size} connections for 30 questions`)
  })

  it('asks a question again whose answer was lost, and makes a change once', async (t) => {
    let requests = 0
    const { port } = await serve(t, (request, response) => {
      requests += 1
      if (requests % 2 === 1) request.socket.destroy()
      else response.end(encodeResult(requests))
    })
    const connection = connect(t, port)
    assert.equal(await connection.call('images.get', ['i']), 2)
    await assert.rejects(connection.call('images.create', [newImage]), unavailable)
    assert.equal(requests, 3)
  })

  it('asks a question again that a proxy did not pass on, and gives up after a few times', async (t) => {
    let requests = 0
    const { port } = await serve(t, (_request, response) => {
      requests += 1
      response.writeHead(502).end('no')
    })
    const connection = connect(t, port)
    await assert.rejects(connection.call('database.ping'), unavailable)
    assert.equal(requests, 3)
    await assert.rejects(connection.call('images.create', [newImage]), unavailable)
    assert.equal(requests, 4)
  })

  it('waits no longer than registry_client_timeout for a registry that says nothing', async (t) => {
    const { port } = await serve(t, () => {})
    const started = performance.now()
    const connection = connect(t, port, { timeoutSeconds: 1 })
    await assert.rejects(connection.call('images.get', ['i']), unavailable)
    assert.ok(performance.now() - started < 4000)
  })

  it('says that nobody is there, and finds him when he comes', async (t) => {
    const gone = createServer()
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
    const { port } = gone.address() as AddressInfo
    await new Promise((resolve) => gone.close(resolve))
    const connection = connect(t, port)
    await assert.rejects(connection.call('images.create', [newImage]), /ECONNREFUSED/)
    const server = createServer((_request, response) => response.end(encodeResult('made')))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    t.after(() => server.close().closeAllConnections())
    assert.equal(await connection.call('images.create', [newImage]), 'made')
  })

  it('renews its login once when the registry refuses it', async (t) => {
    const seen: (string | undefined)[] = []
    const { port } = await serve(t, (request, response) => {
      seen.push(request.headers['x-auth-token'] as string | undefined)
      if (seen.at(-1) === 'fresh') response.end(encodeResult('made'))
      else response.writeHead(401).end()
    })
    const tokens = {
      serviceToken: async ({ renew }: { renew: boolean }) => (renew ? 'fresh' : 'stale'),
      close: async () => {},
    }
    assert.equal(await connect(t, port, { tokens }).call('images.create', [newImage]), 'made')
    assert.deepEqual(seen, ['stale', 'fresh'])
    const refused = { ...tokens, serviceToken: async () => 'stale' }
    await assert.rejects(connect(t, port, { tokens: refused }).call('database.ping'), unavailable)
    assert.equal(seen.length, 4)
  })
})
