import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Names one process for good: a pid that was given to another process since then has another start time. */
export interface ProcessRecord {
  readonly pid: number
  /** Clock ticks after boot, field 22 of `/proc/PID/stat`. */
  readonly startTicks: string
}

/** Describes a running process. @throws if there is none with that pid */
export function recordOf(pid: number): ProcessRecord {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { pid, startTicks: afterName[19] ?? '' }
}

/** True while that very process runs; a zombie no longer counts. */
export function isAlive(record: ProcessRecord): boolean {
  try {
    const stat = readFileSync(`/proc/${record.pid}/stat`, 'utf8')
    if (stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')) return false
    return recordOf(record.pid).startTicks === record.startTicks
  } catch {
    return false
  }
}

/** Starts a program as leader of a process group of its own, which outlives this process; output goes to `logPath`. */
export async function startDaemon(
  command: readonly [string, ...string[]],
  options: { logPath: string; env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<ProcessRecord> {
  await mkdir(dirname(options.logPath), { recursive: true })
  const log = openSync(options.logPath, 'a')
  try {
    const [program, ...args] = command
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', log, log],
      ...(options.env && { env: options.env }),
      ...(options.cwd && { cwd: options.cwd }),
    })
    await spawned(child)
    child.unref()
    return recordOf(child.pid as number)
  } finally {
    closeSync(log)
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

/** Ends the process and its group if it is still the one recorded: `signal`, then SIGKILL after `graceMs`. */
export async function stopDaemon(
  record: ProcessRecord,
  { signal = 'SIGTERM' as NodeJS.Signals, graceMs = 5000 } = {},
): Promise<void> {
  if (!isAlive(record)) return
  process.kill(record.pid, signal)
  const deadline = Date.now() + graceMs
  while (isAlive(record) && Date.now() < deadline) await sleep(20)
  if (isAlive(record)) process.kill(-record.pid, 'SIGKILL')
  while (isAlive(record)) await sleep(20)
}

export interface Execution {
  /** Null if a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface ExecuteOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** 120 s by default; then it gets SIGTERM. */
  readonly timeoutMs?: number
}

/** Runs a program to its end, whatever that is. @throws if it cannot be started */
export function execute(
  command: readonly [string, ...string[]],
  { env, cwd, timeoutMs = 120_000 }: ExecuteOptions = {},
): Promise<Execution> {
  const [program, ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      ...(env && { env }),
      ...(cwd && { cwd }),
    })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] += text
      })
    }
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...output }))
  })
}

/** Runs a program to its end and gives its standard output. @throws with all its output if it fails */
export async function run(command: readonly [string, ...string[]], options: ExecuteOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await execute(command, options)
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}:\n${stdout}${stderr}`.trimEnd())
  return stdout
}

/**
 * Polls until `ready` neither throws nor gives false.
 * @throws when the process ends first or `timeoutMs` pass, with the end of its log
 */
export async function waitUntilReady(
  ready: () => Promise<boolean>,
  options: { name: string; process: ProcessRecord; logPath: string; timeoutMs?: number },
): Promise<void> {
  const deadline = Date.now() + (options.timeoutMs ?? 60_000)
  let lastError: unknown
  for (;;) {
    try {
      if (await ready()) return
    } catch (error) {
      lastError = error
    }
    const ended = !isAlive(options.process)
    if (ended || Date.now() > deadline) {
      const log = await readFile(options.logPath, 'utf8').catch(() => '')
      const reason = ended ? 'ended at once' : `is not ready (${String(lastError)})`
      throw new Error(`${options.name} ${reason}; the end of ${options.logPath}:\n${log.slice(-4000)}`)
    }
    await sleep(50)
  }
}
