import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from './random.ts'
import type { Site } from './site.ts'

export interface MonkeyOptions {
  readonly random: Random
  readonly leastPauseMs: number
  readonly mostPauseMs: number
  /** Longer than a lease: a process that was stopped so long has lost its jobs. */
  readonly freezeMs: number
  readonly tell: (line: string) => void
}

export interface Havoc {
  readonly workers: number
  readonly nodes: number
  readonly freezes: number
  /** When a process was stopped on purpose, milliseconds since 1970. */
  readonly frozen: readonly { from: number; to: number }[]
}

/** Every few seconds kills a worker or a whole node, which is started again, or stops a worker for longer than its leases last. */
export class Monkey {
  readonly #site: Site
  readonly #options: MonkeyOptions
  readonly #counts = { workers: 0, nodes: 0, freezes: 0, frozen: [] as { from: number; to: number }[] }

  constructor(site: Site, options: MonkeyOptions) {
    this.#site = site
    this.#options = options
  }

  get havoc(): Havoc {
    return this.#counts
  }

  /** Until the signal fires; then all nodes run. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, leastPauseMs, mostPauseMs } = this.#options
    const freezes: Promise<void>[] = []
    while (!signal.aborted) {
      await sleep(random.between(leastPauseMs, mostPauseMs), undefined, { signal }).catch(() => {})
      if (signal.aborted) break
      const choice = random.next()
      if (choice < 0.5) await this.#killWorker()
      else if (choice < 0.8) await this.#killNode()
      else freezes.push(this.#freezeWorker())
    }
    await Promise.all(freezes)
  }

  async #killWorker(): Promise<void> {
    const pid = await this.#anyWorker()
    if (pid === undefined || !send(pid, 'SIGKILL')) return
    this.#counts.workers++
    this.#options.tell(`killed worker ${pid}`)
  }

  async #killNode(): Promise<void> {
    const { random, tell } = this.#options
    const index = Math.floor(random.next() * this.#site.nodes.length)
    await this.#site.nodes[index]?.kill()
    this.#counts.nodes++
    tell(`killed node ${index}`)
    await sleep(random.between(0, 2_000))
    await this.#site.restart(index)
  }

  async #freezeWorker(): Promise<void> {
    const { freezeMs, tell } = this.#options
    const pid = await this.#anyWorker()
    if (pid === undefined || !send(pid, 'SIGSTOP')) return
    const from = Date.now()
    this.#counts.freezes++
    tell(`stopped worker ${pid} for ${Math.round(freezeMs / 1000)} s`)
    await sleep(freezeMs)
    send(pid, 'SIGCONT')
    // It catches up with its timers first.
    this.#counts.frozen.push({ from, to: Date.now() + 1_000 })
  }

  async #anyWorker(): Promise<number | undefined> {
    const { random } = this.#options
    const workers = await this.#site.workers(Math.floor(random.next() * this.#site.nodes.length))
    return workers.length === 0 ? undefined : random.pick(workers)
  }
}

/** @returns false if the process is gone */
function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    return false
  }
}
