import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const pollEveryMs = 100
const launchers = resolve(import.meta.dirname, '../../bin')

/** True if the package has a server of that name. */
export function hasLauncher(name: string): boolean {
  return existsSync(join(launchers, name))
}

/** A server that runs in the background, as its pid file tells of it. */
export class ControlledServer {
  readonly name: string
  readonly pidFile: string

  /** Without a pid file it is the one in /var/run/glance. */
  constructor(name: string, pidFile: string | undefined) {
    this.name = name
    this.pidFile = pidFile === undefined ? `/var/run/glance/${name}.pid` : resolve(pidFile)
  }

  /**
   * The process in the pid file, if it is alive and that server: the number of a dead one may have been given to another.
   */
  get pid(): number | undefined {
    const pid = this.recordedPid
    return pid !== undefined && this.#isServer(pid) ? pid : undefined
  }

  /** The number in the pid file, whatever has it now. */
  get recordedPid(): number | undefined {
    if (!existsSync(this.pidFile)) return undefined
    const pid = Number(readFileSync(this.pidFile, 'utf8').trim())
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
  }

  /** Starts the server detached, with its output thrown away or given to syslog, and writes the pid file. */
  async launch(args: readonly string[], options: { captureOutput: boolean }): Promise<ChildProcess> {
    const output = options.captureOutput ? await openSyslog(this.name) : 'ignore'
    const child = spawn(join(launchers, this.name), args, { detached: true, stdio: ['ignore', output, output] })
    await once(child, 'spawn')
    if (output !== 'ignore') output.destroy()
    writeFileSync(this.pidFile, `${child.pid}\n`)
    return child
  }

  forget(): void {
    rmSync(this.pidFile, { force: true })
  }

  /** Waits until the process has ended. @returns false if it has not in time */
  async ended(pid: number, { timeoutMs }: { timeoutMs: number }): Promise<boolean> {
    const deadline = Date.now() + timeoutMs
    while (this.#isServer(pid)) {
      if (Date.now() > deadline) return false
      await sleep(pollEveryMs)
    }
    return true
  }

  #isServer(pid: number): boolean {
    try {
      // The command line of a process that has ended and was not waited for is empty.
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(this.name)
    } catch {
      return false
    }
  }
}

/**
 * The folder of the pid file, made if it is missing; a temporary one if it cannot be written to.
 * @returns where the pid file is to be
 */
export function preparePidFile({ name, pidFile }: ControlledServer): string {
  const folder = dirname(pidFile)
  try {
    mkdirSync(folder, { recursive: true })
    accessSync(folder, constants.W_OK)
    return pidFile
  } catch {
    return join(mkdtempSync(join(tmpdir(), 'glance-')), `${name}.pid`)
  }
}

/** The input of a `logger` of its own. */
async function openSyslog(name: string) {
  const logger = spawn('logger', ['-t', name], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  await once(logger, 'spawn')
  logger.unref()
  return logger.stdin
}
