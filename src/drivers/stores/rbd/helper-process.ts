import { type ChildProcess, fork } from 'node:child_process'
import { Arena } from './arena.ts'
import {
  type Argument,
  CephError,
  type HelperReply,
  type HelperRequest,
  type HelperSetup,
  type OperationName,
  type Result,
} from './helper/protocol.ts'

/** The compiled package has `.js` files, the source tree `.ts`. */
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const entry = new URL(`./helper/main.${extension}`, import.meta.url)

/** Calls that wait run in these threads of the helper. */
const threads = 16

/** The cluster has put this client on its blocklist, where it stays: only a new one is let in. */
const eshutdown = 108

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * The helper process of a store, from this side. When it ends, whatever the reason, all that waits for it fails; the
 * store then starts another.
 */
export class HelperProcess {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<void>
  #arena: Arena | undefined
  #nextId = 1
  #isEnded = false

  private constructor(setup: HelperSetup) {
    this.#child = fork(entry, [JSON.stringify(setup)], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
    })
    this.#ended = new Promise((resolve) => {
      const end = (reason: string) => {
        this.#end(reason)
        resolve()
      }
      this.#child.once('error', (error) => end(error.message))
      this.#child.once('exit', (code, signal) => end(`the helper process ended with ${signal ?? code}`))
    })
  }

  /** Starts a helper. Its connection to the cluster is made by the first call. @throws CephError */
  static async start(setup: HelperSetup, { slotBytes }: { slotBytes: number }): Promise<HelperProcess> {
    const helper = new HelperProcess(setup)
    try {
      const memoryFd = await helper.#started()
      helper.#arena = await Arena.open(
        { pid: helper.#child.pid as number, fd: memoryFd },
        { slotBytes, giveBack: (stretch) => helper.call('release', stretch) },
      )
      return helper
    } catch (error) {
      helper.#child.kill('SIGKILL')
      throw error
    }
  }

  get arena(): Arena {
    if (this.#arena === undefined) throw new Error('the helper has not started')
    return this.#arena
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  /** @throws CephError, also when the helper ends before it answers or takes longer than `timeoutMs`: then it is ended */
  async call<N extends OperationName>(
    name: N,
    argument: Argument<N>,
    { timeoutMs }: { timeoutMs?: number } = {},
  ): Promise<Result<N>> {
    if (this.#isEnded) throw new CephError('the helper process has ended', 0)
    const id = this.#nextId++
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => this.#child.kill('SIGKILL'), timeoutMs)
    try {
      return await new Promise<Result<N>>((resolve, reject) => {
        this.#waiting.set(id, { resolve: (value) => resolve(value as Result<N>), reject })
        this.#child.send({ id, name, argument } satisfies HelperRequest, (error) => {
          if (error) this.#settle(id, (waiting) => waiting.reject(new CephError(error.message, 0)))
        })
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Lets it say farewell to the cluster. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    await this.#ended
  }

  #started(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve: (value) => resolve(value as number), reject })
      this.#child.on('message', (reply: HelperReply) => {
        if ('memoryFd' in reply) this.#settle(0, (waiting) => waiting.resolve(reply.memoryFd))
        else if ('value' in reply) this.#settle(reply.id, (waiting) => waiting.resolve(reply.value))
        else {
          const { call, errno } = reply.failure
          this.#settle(reply.id, (waiting) => waiting.reject(new CephError(call, errno)))
          if (errno === eshutdown) this.#child.kill('SIGKILL')
        }
      })
    })
  }

  #settle(id: number, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (waiting !== undefined) how(waiting)
  }

  #end(reason: string): void {
    this.#isEnded = true
    for (const id of [...this.#waiting.keys()]) {
      this.#settle(id, (waiting) => waiting.reject(new CephError(reason, 0)))
    }
    this.#arena?.close().catch(() => undefined)
  }
}
