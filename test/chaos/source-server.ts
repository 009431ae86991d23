import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream/promises'
import type { Content } from './contents.ts'
import { pacedFile } from './paced.ts'
import type { Random } from './random.ts'

/** How a server behaves towards one import: what it tells, and whether it ends answers before their time. */
export const manners = ['steady', 'breaks', 'breaks-without-ranges'] as const
export type Manner = (typeof manners)[number]

/** Answers that a server breaks off for each path before it holds on. */
const mostBreaks = 2

export interface SourceServer extends AsyncDisposable {
  readonly port: number
  /** Each import has an address of its own. */
  urlOf(content: Content, options: { manner: Manner; id: string }): string
  /** Bytes that were sent, and answers that began behind the beginning. */
  readonly counts: { readonly bytes: number; readonly resumed: number; readonly broken: number }
}

/** Serves contents by http, with ranges and an ETag unless the manner is without. */
export async function startSourceServer(
  contents: readonly Content[],
  { random, bytesPerSecond }: { random: Random; bytesPerSecond: number },
): Promise<SourceServer> {
  const counts = { bytes: 0, resumed: 0, broken: 0 }
  const breaks = new Map<string, number>()
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const [, manner, name] = (request.url ?? '').split('/')
    const content = contents.find((one) => one.name === name)
    if (!content) return void response.writeHead(404).end()
    const hasRanges = manner !== 'breaks-without-ranges'
    const etag = `"${name}"`
    const given = request.headers['if-range']
    const range = hasRanges && (given === undefined || given === etag) ? request.headers.range : undefined
    const offset = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
    const { sizeBytes } = content
    response.writeHead(range ? 206 : 200, {
      'content-length': sizeBytes - offset,
      ...(hasRanges && { etag, 'accept-ranges': 'bytes' }),
      ...(range && { 'content-range': `bytes ${offset}-${sizeBytes - 1}/${sizeBytes}` }),
    })
    if (offset > 0) counts.resumed++
    const broken = breaks.get(request.url ?? '') ?? 0
    const breaksAt = manner !== 'steady' && broken < mostBreaks ? random.between(0.2, 0.8) * (sizeBytes - offset) : null
    let sentBytes = 0
    await pipeline(async function* () {
      for await (const chunk of pacedFile(content.path, { offset, bytesPerSecond })) {
        sentBytes += chunk.length
        counts.bytes += chunk.length
        yield chunk
        if (breaksAt === null || sentBytes < breaksAt) continue
        breaks.set(request.url ?? '', broken + 1)
        counts.broken++
        response.destroy()
        return
      }
    }, response)
  }
  const server = createServer((request, response) => {
    // Whoever asked may be dead.
    answer(request, response).catch(() => response.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    counts,
    urlOf: ({ name }, { manner, id }) => `http://127.0.0.1:${port}/${manner}/${name}/${id}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
