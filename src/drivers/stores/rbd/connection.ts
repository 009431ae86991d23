import type { HelperSetup } from './helper/protocol.ts'
import { CephError } from './helper/protocol.ts'
import { HelperProcess } from './helper-process.ts'

/** A call gets this much time more than its steps in the cluster may take. */
const graceMs = 10_000
/** Limit of one step where the options set none; see `rados_connect_timeout`. */
const usualTimeoutSeconds = 30
/** A store's way to its cluster: a helper process, started at first use and again when it has ended. */
export class Connection {
  readonly #setup: HelperSetup
  readonly #slotBytes: number
  #helper: Promise<HelperProcess> | undefined
  #isClosed = false

  constructor(setup: HelperSetup, { slotBytes }: { slotBytes: number }) {
    this.#setup = setup
    this.#slotBytes = slotBytes
  }

  /** Longest time for an operation of a few steps. */
  get limitMs(): number {
    const { timeoutSeconds } = this.#setup
    return 3 * (timeoutSeconds > 0 ? timeoutSeconds : usualTimeoutSeconds) * 1000 + graceMs
  }

  /** The helper that runs. @throws CephError if none can be started */
  async helper(): Promise<HelperProcess> {
    if (this.#isClosed) throw new CephError('the store is closed', 0)
    const running = await this.#helper?.catch(() => undefined)
    if (running !== undefined && !running.isEnded) return running
    // Whoever comes first starts it for all.
    if (this.#helper === undefined || running !== undefined) this.#helper = this.#start()
    return this.#helper
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await (await this.#helper?.catch(() => undefined))?.close()
  }

  #start(): Promise<HelperProcess> {
    const starting = HelperProcess.start(this.#setup, { slotBytes: this.#slotBytes })
    starting.catch(() => {
      if (this.#helper === starting) this.#helper = undefined
    })
    return starting
  }
}
