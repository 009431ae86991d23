import type { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { BlobSource } from '../../domain/data/open-places.ts'
import type { DownloadImage } from '../../domain/images/download.ts'
import { isNoData } from '../../domain/images/download.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { Image } from '../../ports/image.ts'
import { sendNothing } from '../reply.ts'
import { type RequestedRange, requestedRange } from './byte-range.ts'
import type { Libc } from './libc.ts'
import { sendFilePart } from './sendfile.ts'
import { sourceStream } from './source-stream.ts'

export interface SendOptions {
  readonly downloads: DownloadImage
  readonly imageId: string
  /** Undefined: everything goes through streams. */
  readonly libc: Libc | undefined
}

/**
 * `GET /v2/images/{id}/file`. A download that fails after its head was sent is cut off: the client sees that it is
 * incomplete.
 * @see glance `api/v2/image_data.py` `ResponseSerializer.download`
 */
export async function sendImageData(
  request: FastifyRequest,
  reply: FastifyReply,
  { downloads, imageId, libc }: SendOptions,
): Promise<FastifyReply> {
  const preferred = preferredStores(request)
  const image = await downloads.find(request.context, imageId, preferred)
  if (image.locations.length === 0) return sendNothing(reply)
  const range = requestedRange(
    { range: request.headers.range, contentRange: header(request, 'content-range') },
    image.sizeBytes ?? 0,
  )
  const signal = goneSignal(reply)
  let source: BlobSource
  try {
    source = await downloads.open(image, { range, preferred, requester: request.context, signal })
  } catch (error) {
    if (isNoData(error)) return sendNothing(reply)
    throw signal.aborted ? new GlimpseError('client_gone', {}, { cause: error }) : error
  }
  reply.hijack()
  try {
    writeHead(reply, { image, range })
    await sendBody(reply, { source, range, libc, signal })
  } catch (error) {
    reply.raw.destroy()
    request.log.warn({ err: error, imageId, requestId: request.id }, 'a download broke off')
  } finally {
    await closeSource(source)
  }
  return reply
}

/** Aborted when the client is gone before it had everything; without a reason that would say something of the store. */
function goneSignal(reply: FastifyReply): AbortSignal {
  const gone = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone.signal
}

function writeHead(reply: FastifyReply, { image, range }: { image: Image; range: RequestedRange }): void {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) headers[name] = String(value)
  headers['content-type'] = 'application/octet-stream'
  headers['content-length'] = String(range.length)
  if (image.checksum !== null) headers['content-md5'] = image.checksum
  if (range.partial) {
    headers['content-range'] = `bytes ${range.offset}-${range.offset + range.length - 1}/${image.sizeBytes}`
  }
  reply.raw.writeHead(range.partial ? 206 : 200, headers)
}

interface Sending {
  readonly source: BlobSource
  readonly range: RequestedRange
  readonly libc: Libc | undefined
  readonly signal: AbortSignal
}

async function sendBody(reply: FastifyReply, { source, range, libc, signal }: Sending): Promise<void> {
  const response = reply.raw
  const { socket } = response
  const end = range.offset + range.length
  let { offset } = range
  if (!('stream' in source) && libc !== undefined && socket !== null && !('encrypted' in socket) && offset < end) {
    // Answers to pipelined requests wait for those before them: only the one whose turn it is owns the socket.
    response.flushHeaders()
    await flushed(socket)
    while (offset < end) {
      const readyEnd = await readyEndOf(source, { offset, end, signal })
      if (readyEnd === undefined) break
      const { fd } = 'file' in source ? source.file : source.growing
      await sendFilePart(socket, { fd, offset, length: readyEnd - offset, store: source.store }, libc)
      offset = readyEnd
    }
  }
  if (offset === end) {
    response.end()
    return
  }
  let sentBytes = 0
  const rest = { offset, length: end - offset }
  await pipeline(
    sourceStream(source, rest, { signal }),
    async function* count(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        sentBytes += chunk.length
        yield chunk
      }
      if (sentBytes !== rest.length) {
        const { store } = source
        throw new GlimpseError('blob_truncated', { store, expectedBytes: rest.length, readBytes: sentBytes })
      }
    },
    response,
  )
}

/** How far the file of `source` can be sent now; undefined if the rest is to come from elsewhere. */
async function readyEndOf(
  source: Exclude<BlobSource, { stream: unknown }>,
  { offset, end, signal }: { offset: number; end: number; signal: AbortSignal },
): Promise<number | undefined> {
  if ('file' in source) return end
  try {
    return Math.min(end, await source.growing.ready(offset, { signal }))
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** Resolves when all earlier writes are with the kernel. */
async function flushed(socket: Writable): Promise<void> {
  if (socket.writableLength === 0) return
  await new Promise<void>((resolve, reject) => socket.write('', (error) => (error ? reject(error) : resolve())))
}

async function closeSource(source: BlobSource): Promise<void> {
  if ('file' in source) await source.file.close()
  else if ('growing' in source) await source.growing.close()
  else source.stream.destroy()
}

/** `?prefer=store1,store2` */
function preferredStores(request: FastifyRequest): string[] {
  const { prefer } = request.query as { prefer?: string | string[] }
  const text = Array.isArray(prefer) ? (prefer.at(-1) ?? '') : (prefer ?? '')
  return text
    .split(',')
    .map((id) => id.trim())
    .filter((id) => id !== '')
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value[0] : value
}
