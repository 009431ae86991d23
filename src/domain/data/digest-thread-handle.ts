import { Worker } from 'node:worker_threads'
import { GlimpseError } from '../../errors/error.ts'
import { doorbellWords, type ThreadReply, type ThreadSetup, type ThreadTask } from './digest-protocol.ts'

/** The compiled package has `.js` files, the source tree `.ts`. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const entry = new URL(`./digest-thread.${extension}`, import.meta.url)

interface Waiting {
  resolve(digest: string | null): void
  reject(error: unknown): void
}

/** The event loop's side of one hashing thread. */
export class DigestThread {
  readonly #doorbell = new Int32Array(new SharedArrayBuffer(64))
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 1

  constructor(options: { niceness: number; onExit: () => void }) {
    const workerData: ThreadSetup = { doorbell: this.#doorbell, niceness: options.niceness }
    this.#worker = new Worker(entry, { workerData, name: 'digest' })
    this.#worker.unref()
    this.#worker.on('message', (reply: ThreadReply) => this.#settle(reply))
    this.#worker.on('error', (error) => this.#fail(error))
    this.#worker.on('exit', () => {
      options.onExit()
      this.#fail(new Error('the thread ended'))
    })
  }

  /** Streams it serves. */
  get load(): number {
    return this.#waiting.size
  }

  /** Resolves with the digest in hexadecimal, or null if the stream was cancelled. @throws internal when the thread dies */
  assign(task: Omit<ThreadTask, 'id'>): Promise<string | null> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      if (this.#waiting.size === 1) this.#worker.ref()
      this.#worker.postMessage({ id, ...task } satisfies ThreadTask)
      Atomics.add(this.#doorbell, doorbellWords.posted, 1)
      this.ring()
    })
  }

  /** Tells the thread that a stream of its has grown or ended. */
  ring(): void {
    Atomics.add(this.#doorbell, doorbellWords.rings, 1)
    Atomics.notify(this.#doorbell, doorbellWords.rings)
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#waiting.get(reply.id)
    this.#waiting.delete(reply.id)
    if (this.#waiting.size === 0) this.#worker.unref()
    if ('error' in reply) waiting?.reject(new GlimpseError('internal', {}, { cause: new Error(reply.error) }))
    else waiting?.resolve('digest' in reply ? reply.digest : null)
  }

  #fail(cause: unknown): void {
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { reject } of waiting) reject(new GlimpseError('internal', {}, { cause }))
  }
}
