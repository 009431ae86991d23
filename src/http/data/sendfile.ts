import { read } from 'node:fs'
import type { Socket } from 'node:net'
import { promisify } from 'node:util'
import { GlimpseError } from '../../errors/error.ts'
import { eagain, type Libc } from './libc.ts'

const readAt = promisify(read)

/** One call moves at most this much: the event loop is held for well under a millisecond. */
const callBytes = 1024 * 1024
/** Then other requests have their turn. */
const turnBytes = 4 * 1024 * 1024
/** What goes through the ordinary stream when the socket is full: its callback tells when there is room again. */
const bridgeBytes = 64 * 1024
/** The kernel reads this far ahead of what is sent, so that a call seldom waits for the disk. */
const readAheadBytes = 8 * 1024 * 1024

interface FilePart {
  readonly fd: number
  readonly offset: number
  readonly length: number
  /** Named when the file ends early. */
  readonly store: string
}

/**
 * Sends part of a file on a plain socket whose earlier writes have all gone out. The kernel moves the bytes; when the
 * socket is full, one small piece goes through the stream, whose callback says when to go on, so slow clients hold nothing.
 * @throws blob_truncated when the file ends early, the socket's error
 */
export async function sendFilePart(socket: Socket, part: FilePart, libc: Libc): Promise<void> {
  const socketFd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1
  const end = part.offset + part.length
  let offset = part.offset
  let advisedTo = offset
  let turnEnd = offset + turnBytes
  while (offset < end) {
    if (socket.destroyed || !socket.writable) throw socket.errored ?? new GlimpseError('client_gone', {})
    if (offset + readAheadBytes / 2 > advisedTo && advisedTo < end) {
      libc.readAhead(part.fd, advisedTo, readAheadBytes)
      advisedTo += readAheadBytes
    }
    const sent = libc.sendfile(socketFd, part.fd, offset, Math.min(callBytes, end - offset))
    if (sent > 0) {
      offset += sent
      if (offset >= turnEnd) {
        turnEnd = offset + turnBytes
        await new Promise((resolve) => setImmediate(resolve))
      }
    } else if (sent === 0) {
      throw truncated(part, offset)
    } else if (sent === -eagain) {
      offset += await bridge(socket, part, { offset, end })
      turnEnd = offset + turnBytes
    } else {
      throw new GlimpseError('client_gone', {}, { cause: new Error(`sendfile failed with errno ${-sent}`) })
    }
  }
}

async function bridge(
  socket: Socket,
  part: FilePart,
  { offset, end }: { offset: number; end: number },
): Promise<number> {
  const wanted = Math.min(bridgeBytes, end - offset)
  const { bytesRead, buffer } = await readAt(part.fd, Buffer.allocUnsafeSlow(wanted), 0, wanted, offset)
  if (bytesRead === 0) throw truncated(part, offset)
  await new Promise<void>((resolve, reject) => {
    socket.write(buffer.subarray(0, bytesRead), (error) => (error ? reject(error) : resolve()))
  })
  return bytesRead
}

function truncated(part: FilePart, offset: number): GlimpseError {
  return new GlimpseError('blob_truncated', {
    store: part.store,
    expectedBytes: part.length,
    readBytes: offset - part.offset,
  })
}
