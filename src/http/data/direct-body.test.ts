import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { DigestPool } from '../../domain/data/digest-pool.ts'
import { receive } from '../../domain/data/receive.ts'
import type { BlobWriter } from '../../ports/blob-store.ts'
import { directBody } from './direct-body.ts'
import { loadLibc } from './libc.ts'

const pause = () => new Promise((resolve) => setTimeout(resolve, 1))

/** Hashes what it is given, now and then so slowly that the ring fills up. */
function slowWriter(): BlobWriter & { hash: ReturnType<typeof createHash> } {
  const hash = createHash('md5')
  return {
    hash,
    async write(chunk) {
      if (chunk.length % 3 !== 1) await pause()
      hash.update(chunk)
    },
    commit: () => Promise.reject(new Error('never called')),
    settle: async () => undefined,
    abort: async () => undefined,
  }
}

describe('DirectBody', () => {
  const digests = new DigestPool({ ringBytes: 256 * 1024 })
  const outcomes: { bypassed: boolean; md5: string; stored: string }[] = []
  const server = createServer(async (incoming, response) => {
    const body = directBody(incoming, await loadLibc())
    assert.ok(body)
    const writer = slowWriter()
    const length = Number(incoming.headers['content-length'])
    const { digests: found } = await receive(body, {
      writer,
      digests,
      algorithms: ['md5'],
      sizeBytes: length,
      checkSize: () => undefined,
    })
    outcomes.push({ bypassed: body.bypassed, md5: found[0] ?? '', stored: writer.hash.digest('hex') })
    if (body.bypassed) response.setHeader('connection', 'close')
    response.end()
  })
  before(async () => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  after(async () => {
    server.close()
    await digests.close()
  })

  /** Sends pieces, some of them late, and waits for the answer. */
  async function send(pieces: readonly Buffer[]): Promise<string> {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const { port } = server.address() as AddressInfo
    const outgoing = request({ port, method: 'PUT', headers: { 'content-length': length } })
    const answered = once(outgoing, 'response')
    const hash = createHash('md5')
    for (const piece of pieces) {
      hash.update(piece)
      if (!outgoing.write(piece)) await once(outgoing, 'drain')
      if (piece.length % 2 === 1) await pause()
    }
    outgoing.end()
    const [response] = await answered
    assert.equal(response.statusCode, 200)
    response.resume()
    return hash.digest('hex')
  }

  it('keeps every byte in order while room comes and goes', async () => {
    for (const pieceBytes of [3_000_001, 100_003, 4_000_000]) {
      const pieces = Array.from({ length: Math.ceil(12_000_000 / pieceBytes) }, () => randomBytes(pieceBytes))
      const md5 = await send(pieces)
      assert.deepEqual(outcomes.at(-1), { bypassed: true, md5, stored: md5 })
    }
  })

  it('leaves the connection usable when Node has read all of a small body', async () => {
    const md5 = await send([Buffer.from('small')])
    assert.deepEqual(outcomes.at(-1), { bypassed: false, md5, stored: md5 })
  })
})
