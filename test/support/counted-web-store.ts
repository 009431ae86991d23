import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { until } from './until.ts'

/** A web server with one file, which counts how often it is read. */
export interface CountedWebStore extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Offsets of the first bytes of all reads so far; the caller may empty it. */
  readonly reads: number[]
  /** Gives no more than so many bytes of the file, until told otherwise. */
  limit(bytes: number): void
}

const pieceBytes = 64 * 1024

export async function startCountedWebStore(data: Buffer): Promise<CountedWebStore> {
  const reads: number[] = []
  let limitBytes = data.length
  async function* pieces(offset: number, end: number): AsyncGenerator<Buffer, void, undefined> {
    for (let at = offset; at < end; ) {
      const pieceEnd = Math.min(at + pieceBytes, end, limitBytes)
      if (pieceEnd > at) yield data.subarray(at, pieceEnd)
      else await until(() => limitBytes > at, 120_000)
      at = Math.max(at, pieceEnd)
    }
  }
  const server = createServer((request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
    const offset = Number(first ?? 0)
    const end = last ? Number(last) + 1 : data.length
    if (request.method === 'GET') reads.push(offset)
    response.writeHead(first === undefined ? 200 : 206, {
      'content-length': end - offset,
      ...(first === undefined ? {} : { 'content-range': `bytes ${offset}-${end - 1}/${data.length}` }),
    })
    if (request.method === 'HEAD') return void response.end()
    // Readers may go away at any time.
    pipeline(Readable.from(pieces(offset, end), { objectMode: false }), response).catch(() => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}/image.raw`,
    reads,
    limit: (bytes) => {
      limitBytes = bytes
    },
    async [Symbol.asyncDispose]() {
      limitBytes = data.length
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
