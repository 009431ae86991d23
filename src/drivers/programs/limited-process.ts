import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface ProcessLimits {
  /** Address space. */
  readonly memoryBytes: number
  /** Time of the processor; the time that passes is limited by the signal. Absent: as long as it takes. */
  readonly cpuSeconds?: number
  /** Of each file that it writes. */
  readonly fileBytes: number
}

export interface ProcessOptions {
  readonly limits: ProcessLimits
  /** Kills it. */
  readonly signal: AbortSignal
  readonly stdio: StdioOptions
}

export interface ProcessEnd {
  /** Null: killed by `killedBy`. */
  readonly code: number | null
  readonly killedBy: NodeJS.Signals | null
  /** The end of what it has written to standard error. */
  readonly complaint: string
}

export interface LimitedProcess {
  readonly child: ChildProcess
  /** Resolves when it has ended and all its pipes are closed. Never rejects. */
  readonly ended: Promise<ProcessEnd>
}

/** Exit codes by which `setpriv` and `prlimit` tell that there is no such program. */
const notFoundCodes = [126, 127]
const complaintBytes = 4096

/**
 * Starts a program without a shell, within limits of its own, that is killed when this process dies: `setpriv` and
 * `prlimit` of util-linux see to that and then become the program.
 */
export function startLimited(command: readonly string[], options: ProcessOptions): LimitedProcess {
  const { memoryBytes, cpuSeconds, fileBytes } = options.limits
  const limits = [
    `--as=${memoryBytes}`,
    ...(cpuSeconds === undefined ? [] : [`--cpu=${Math.ceil(cpuSeconds)}`]),
    `--fsize=${fileBytes}`,
    '--core=0',
    // Of each thread, too: they would not fit into the memory otherwise.
    `--stack=${2 ** 20}`,
  ]
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', 'prlimit', ...limits, '--', ...command], {
    stdio: options.stdio,
    cwd: '/',
    env: { PATH: process.env.PATH, LC_ALL: 'C', MALLOC_ARENA_MAX: '2' },
  })
  return { child, ended: endOf(child, options.signal) }
}

/** Whether the program, or what starts it, is not installed. */
export function isMissing({ code }: ProcessEnd): boolean {
  return code !== null && notFoundCodes.includes(code)
}

async function endOf(child: ChildProcess, signal: AbortSignal): Promise<ProcessEnd> {
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-complaintBytes)
  })
  const kill = () => void child.kill('SIGKILL')
  signal.addEventListener('abort', kill, { once: true })
  if (signal.aborted) kill()
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    return { code, killedBy, complaint }
  } catch (error) {
    // It was not started at all.
    return { code: 127, killedBy: null, complaint: String(error) }
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
