import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { type CallName, type Native, type NativeArgument, Out, textOf } from './native.ts'
import { CephError } from './protocol.ts'

const pipeFlags = { closeOnExec: 0o2000000, nonBlocking: 0o4000 } as const
const eventTypePipe = 1
const eventsAtOnce = 64

interface Pending {
  resolve(result: number): void
  reject(error: unknown): void
}

/**
 * An open image. Reads and writes are asynchronous in librbd, which tells through a pipe that some are complete; the
 * other calls wait in a thread.
 */
export class OpenImage {
  readonly pool: number
  readonly name: string
  readonly #native: Native
  readonly #image: number
  readonly #pending = new Map<number, Pending>()
  readonly #running = new Set<Promise<number>>()
  readonly #events = new BigUint64Array(eventsAtOnce)
  readonly #readEnd: Socket
  readonly #writeFd: number

  private constructor(native: Native, { pool, name, image }: { pool: number; name: string; image: number }) {
    this.pool = pool
    this.name = name
    this.#native = native
    this.#image = image
    const fds = new Int32Array(2)
    native.call('pipe2', [fds, pipeFlags.closeOnExec | pipeFlags.nonBlocking])
    const [readFd = -1, writeFd = -1] = fds
    this.#writeFd = writeFd
    this.#readEnd = new Socket({ fd: readFd, readable: true, writable: false })
    this.#readEnd.on('data', () => this.#drain())
    native.call('rbd_set_image_notification', [image, writeFd, eventTypePipe])
  }

  static async open(
    native: Native,
    { pool, name, snapshot, readOnly }: { pool: number; name: string; snapshot: string | null; readOnly: boolean },
  ): Promise<OpenImage> {
    const out = new Out()
    await native.wait(readOnly ? 'rbd_open_read_only' : 'rbd_open', [pool, name, out.buffer, snapshot])
    return new OpenImage(native, { pool, name, image: out.value })
  }

  /** Calls a function of librbd whose first parameter is the image, in a thread. */
  wait(name: CallName, ...args: readonly NativeArgument[]): Promise<number> {
    return this.#native.wait(name, [this.#image, ...args])
  }

  async size(): Promise<number> {
    const out = new Out()
    await this.wait('rbd_get_size', out.buffer)
    return out.value
  }

  /** RBD's internal id, which stays when the image is renamed. */
  async id(): Promise<string> {
    const text = Buffer.alloc(256)
    await this.wait('rbd_get_id', text, text.length)
    return textOf(text)
  }

  /** How many clients have it open for writing, this one included. */
  async writers(): Promise<number> {
    const watcherBytes = 24
    for (let room = 16; ; room *= 2) {
      const watchers = Buffer.alloc(room * watcherBytes)
      const count = new BigUint64Array([BigInt(room)])
      try {
        await this.wait('rbd_watchers_list', watchers, count)
      } catch (error) {
        if (error instanceof CephError && error.errno === 34) continue
        throw error
      }
      const found = Number(count[0])
      this.#native.call('rbd_watchers_list_cleanup', [watchers, found])
      return found
    }
  }

  /** Starts reading to, or writing from, an address; resolves with the number of bytes read. */
  transfer(call: 'rbd_aio_read' | 'rbd_aio_write', at: { offset: number; length: number; address: number }) {
    const native = this.#native
    const out = new Out()
    native.call('rbd_aio_create_completion', [0, 0, out.buffer])
    const completion = out.value
    const done = new Promise<number>((resolve, reject) => {
      this.#pending.set(completion, { resolve, reject })
      try {
        native.call(call, [this.#image, at.offset, at.length, at.address, completion])
      } catch (error) {
        this.#pending.delete(completion)
        native.call('rbd_aio_release', [completion])
        reject(error)
      }
    })
    const running = done.catch((error: unknown) => {
      throw error instanceof CephError ? new CephError(call, error.errno) : error
    })
    this.#running.add(running)
    const forget = () => this.#running.delete(running)
    running.then(forget, forget)
    return running
  }

  /** Waits for what is under way, then closes. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#running)
    try {
      await this.wait('rbd_close')
    } finally {
      this.#readEnd.destroy()
      closeSync(this.#writeFd)
    }
  }

  #drain(): void {
    const native = this.#native
    for (;;) {
      const count = native.call('rbd_poll_io_events', [this.#image, this.#events, eventsAtOnce])
      for (const event of this.#events.subarray(0, count)) this.#complete(Number(event))
      if (count < eventsAtOnce) return
    }
  }

  #complete(completion: number): void {
    const pending = this.#pending.get(completion)
    this.#pending.delete(completion)
    try {
      pending?.resolve(this.#native.call('rbd_aio_get_return_value', [completion]))
    } catch (error) {
      pending?.reject(error)
    }
    this.#native.call('rbd_aio_release', [completion])
  }
}
