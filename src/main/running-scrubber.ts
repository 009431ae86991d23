import { access, readdir, readFile } from 'node:fs/promises'
import { basename } from 'node:path'

const pidFile = '/var/run/glance/glance-scrubber.pid'

/**
 * Whether a scrubber, ours or the reference's, runs on this machine: its pid file exists, or a process that is neither this
 * one nor one that this one was started from.
 * @see glance `cmd/scrubber.py` `scrubber_already_running`
 */
export async function scrubberRuns(): Promise<boolean> {
  if (await isThere(pidFile)) return true
  const own = await ancestors()
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name) && !own.has(Number(name)))
  const found = await Promise.all(pids.map(async (pid) => isScrubber(await read(`/proc/${pid}/cmdline`))))
  return found.includes(true)
}

/** @param commandLine arguments, each ended by NUL, or the title that a process gave itself */
function isScrubber(commandLine: string): boolean {
  return commandLine
    .split('\0')
    .slice(0, 4)
    .some((argument) => basename(argument) === 'glance-scrubber' || argument === 'glance.cmd.scrubber')
}

async function ancestors(): Promise<ReadonlySet<number>> {
  const pids = new Set<number>()
  for (let pid = process.pid; pid > 0 && !pids.has(pid); ) {
    pids.add(pid)
    pid = Number(/^PPid:\s*(\d+)$/m.exec(await read(`/proc/${pid}/status`))?.[1] ?? 0)
  }
  return pids
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Nothing for a process that has ended meanwhile. */
async function read(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '')
}
