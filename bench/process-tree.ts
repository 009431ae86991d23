import { readdirSync, readFileSync } from 'node:fs'

const clockTicksPerSecond = 100

/** What a service's processes have used and hold; read from /proc. */
export class ProcessTree {
  readonly #roots: readonly number[]

  /** @param roots pids of the first processes of the service's programs */
  constructor(...roots: readonly number[]) {
    this.#roots = roots
  }

  /** CPU time, user and system, of all living processes of the tree and of their reaped children. */
  cpuSeconds(): number {
    let ticks = 0
    for (const pid of this.#pids()) {
      const fields = statFields(pid)
      if (fields) ticks += Number(fields[11]) + Number(fields[12])
    }
    return ticks / clockTicksPerSecond
  }

  /** Proportional set size: shared pages are counted once over all processes. */
  memoryMib(): number {
    let kib = 0
    for (const pid of this.#pids()) {
      try {
        kib += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
      } catch {
        // The process ended between listing and reading.
      }
    }
    return kib / 1024
  }

  count(): number {
    return this.#pids().length
  }

  #pids(): number[] {
    const parents = new Map<number, number>()
    for (const name of readdirSync('/proc')) {
      const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined
      if (fields) parents.set(Number(name), Number(fields[1]))
    }
    const tree = new Set(this.#roots)
    for (let grown = true; grown; ) {
      grown = false
      for (const [pid, parent] of parents) {
        if (tree.has(parent) && !tree.has(pid)) {
          tree.add(pid)
          grown = true
        }
      }
    }
    return [...tree]
  }
}

/** Fields of /proc/PID/stat after the command's name: state first. */
function statFields(pid: number): string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/.*\) /s, '').split(' ')
  } catch {
    return undefined
  }
}
