import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { GlimpseError } from '../../errors/error.ts'
import type { Libc } from './libc.ts'

/** Node is woken when this much has piled up, so that its own read is the smaller part of each piece. */
const wakeBytes = 1024 * 1024

/**
 * The body of a request of known length on a plain socket, or undefined for other requests.
 * See `DirectBody` for what it is good for.
 */
export function directBody(request: IncomingMessage, libc: Libc | undefined): DirectBody | undefined {
  const lengthBytes = Number(request.headers['content-length'] ?? 0)
  const isPlain = !('encrypted' in request.socket) && request.headers['transfer-encoding'] === undefined
  if (libc === undefined || !isPlain || lengthBytes === 0) return undefined
  return new DirectBody(request, { libc, lengthBytes })
}

/**
 * Two ways to the bytes of one body. Node reads a piece and wakes us with it; what has piled up in the socket behind it
 * is then pulled by recv(2) straight to where it belongs. Node's way costs a fresh buffer for every 64 KiB, which is
 * half of the price of receiving; its reads remain as the signal that data has come, so no thread waits for a client.
 *
 * Order is kept because a pull happens only when all that Node has read was handed on. Pulled bytes bypass the HTTP
 * parser, which then waits for a rest that never comes: the connection must be closed after the answer.
 */
export class DirectBody extends Readable {
  readonly #request: IncomingMessage
  readonly #socket: Socket
  readonly #libc: Libc
  readonly #lengthBytes: number
  #seenBytes = 0
  #wakeBytes = 1
  #bypassed = false

  constructor(request: IncomingMessage, options: { libc: Libc; lengthBytes: number }) {
    super()
    this.#request = request
    this.#socket = request.socket
    this.#libc = options.libc
    this.#lengthBytes = options.lengthBytes
    this.#wakeForRest()
    request.on('data', (chunk: Buffer) => {
      // Once the body is complete the parser still counts what follows, the next request, as body.
      if (this.#seenBytes === this.#lengthBytes) return
      this.#seenBytes += chunk.length
      if (!this.push(chunk)) request.pause()
      this.#endIfComplete()
    })
    request.once('error', (error) => this.destroy(error))
    const lost = () => {
      if (this.#seenBytes < this.#lengthBytes) this.destroy(new GlimpseError('upload_aborted', {}))
    }
    // What comes too late for a reader must not end the process.
    this.on('error', () => {})
    if (request.destroyed) lost()
    else request.once('close', lost)
  }

  /** True once the parser has missed a part of the body. */
  get bypassed(): boolean {
    return this.#bypassed
  }

  /** @see UploadBody */
  pull(target: Uint8Array): number {
    const wantedBytes = Math.min(target.length, this.#lengthBytes - this.#seenBytes)
    const isBehind = this.readableLength > 0 || this.#request.readableLength > 0
    if (wantedBytes === 0 || isBehind || this.destroyed || this.#socket.destroyed) return 0
    const count = this.#libc.receive(this.#fd, target.subarray(0, wantedBytes))
    // An end or a failure of the connection shows again at Node's next read, which knows how to report it.
    if (count <= 0) {
      this.#wakeForRest()
      this.#release()
      return 0
    }
    this.#bypassed = true
    this.#seenBytes += count
    this.#endIfComplete()
    return count
  }

  /** @see UploadBody */
  hold(): void {
    setHeld(this.#socket, true)
    this.#socket.pause()
  }

  override _read(): void {
    this.#release()
    if (this.#seenBytes < this.#lengthBytes) this.#request.resume()
  }

  #release(): void {
    if (!isHeld(this.#socket)) return
    setHeld(this.#socket, false)
    this.#socket.resume()
  }

  get #fd(): number {
    return (this.#socket as unknown as { _handle?: { fd?: number } })._handle?.fd ?? -1
  }

  #wakeForRest(): void {
    const bytes = Math.min(wakeBytes, this.#lengthBytes - this.#seenBytes)
    if (bytes === this.#wakeBytes || bytes === 0) return
    this.#wakeBytes = bytes
    this.#libc.wakeAt(this.#fd, bytes)
  }

  #endIfComplete(): void {
    if (this.#seenBytes < this.#lengthBytes) return
    this.#release()
    if (this.#wakeBytes > 1 && !this.#bypassed) this.#libc.wakeAt(this.#fd, 1)
    this.push(null)
  }
}

/** What Node's HTTP server keeps on its sockets. */
interface ServerSocket {
  /** The server must not read from the socket, whatever a request asks for; it pauses its parser too. */
  _paused?: boolean
  parser?: { resume(): void } | null
}

/**
 * Sets Node's own mark as its server does when too many answers wait, and takes it back in the same way. Versions that do
 * not know the mark go on reading: chunks then arrive in the ordinary way while there is no room, which costs time only.
 */
function setHeld(socket: Socket, held: boolean): void {
  const internals = socket as unknown as ServerSocket
  internals._paused = held
  if (!held) internals.parser?.resume()
}

function isHeld(socket: Socket): boolean {
  return (socket as unknown as ServerSocket)._paused === true
}
