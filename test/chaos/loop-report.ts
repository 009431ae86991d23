import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Lateness, probeFolderVariable } from './loop-probe.ts'

const probe = join(import.meta.dirname, 'loop-probe.ts')

/** Environment of a process whose event loop is watched. */
export function probedEnvironment(folder: string): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--import=${probe}`, [probeFolderVariable]: folder }
}

/** A process that does nothing: when its loop is late, the machine is to blame. */
export function startControl(folder: string): AsyncDisposable {
  const child: ChildProcess = spawn(
    process.execPath,
    ['-e', 'require("node:net").createServer().listen(0, "127.0.0.1")'],
    {
      env: { ...process.env, ...probedEnvironment(folder) },
      stdio: 'ignore',
    },
  )
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

export interface LoopReport {
  /** The longest time that a loop did not turn, whoever is to blame. */
  readonly longestMs: number
  /** The longest time that one turn kept the processor. */
  readonly longestBusyMs: number
  /** How often that was longer than what is allowed. */
  readonly violations: number
  /** The worst ones, for whoever looks for their cause. */
  readonly worst: readonly string[]
  /** Of the process that does nothing. */
  readonly controlLongestMs: number
}

/**
 * Sums up what the probes wrote. A turn is to blame for the time that it was at work; the rest it waited for a processor
 * or for a machine that stood still, as the process that does nothing had to.
 * @param options `allowedMs`: longest work of one turn; `frozen`: when a process was stopped on purpose
 */
export async function loopReport(
  folders: { services: string; control: string },
  { allowedMs, frozen }: { allowedMs: number; frozen: readonly { from: number; to: number }[] },
): Promise<LoopReport> {
  const control = await read(folders.control)
  const services = (await read(folders.services)).filter((one) => !frozen.some((time) => overlaps(one, time)))
  const longest = (values: readonly number[]) => Math.round(values.reduce((most, value) => Math.max(most, value), 0))
  return {
    longestMs: longest(services.map(({ lateMs }) => lateMs)),
    longestBusyMs: longest(services.map(({ busyMs }) => busyMs)),
    violations: services.filter(({ busyMs }) => busyMs > allowedMs).length,
    worst: services
      .toSorted((a, b) => b.busyMs - a.busyMs)
      .slice(0, 5)
      .map(
        ({ lateMs, busyMs, waitedMs, ageMs }) =>
          `${lateMs.toFixed()} ms late: ${busyMs.toFixed()} at work, ${waitedMs.toFixed()} waiting for a processor, at the age of ${(ageMs / 1000).toFixed(1)} s`,
      ),
    controlLongestMs: longest(control.map(({ lateMs }) => lateMs)),
  }
}

function overlaps({ endedAt, lateMs }: Lateness, { from, to }: { from: number; to: number }): boolean {
  return endedAt >= from && endedAt - lateMs <= to
}

async function read(folder: string): Promise<Lateness[]> {
  const all: Lateness[] = []
  for (const name of await readdir(folder)) {
    // The last line of a killed process may be cut off.
    for (const line of (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1)) {
      all.push(JSON.parse(line) as Lateness)
    }
  }
  return all
}
