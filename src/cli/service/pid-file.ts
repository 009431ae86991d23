import { readFile, rm, writeFile } from 'node:fs/promises'

/** The process that `glimpse up` has started. */
export interface Running {
  readonly pid: number
  /** Start time in clock ticks since boot, which tells the process from a later one of the same number; null where there is no /proc. */
  readonly startTicks: string | null
  readonly url: string
}

/** The process of the pid file if it is still alive; the file of a dead one is removed. */
export async function readRunning(pidFile: string): Promise<Running | undefined> {
  const text = await readFile(pidFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw new Error(`${pidFile} cannot be read: ${error.message}`)
  })
  if (text === undefined) return undefined
  const running = parse(text)
  if (running && (await isAlive(running))) return running
  await rm(pidFile, { force: true })
  return undefined
}

/** Writes the pid file. @throws if there is one: another `up` was faster. */
export async function writeRunning(pidFile: string, process: { pid: number; url: string }): Promise<Running> {
  const running: Running = { ...process, startTicks: await readStartTicks(process.pid) }
  try {
    await writeFile(pidFile, `${JSON.stringify(running)}\n`, { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new Error(`Another 'glimpse up' is at work with ${pidFile}.`)
  }
  return running
}

export async function isAlive({ pid, startTicks }: Running): Promise<boolean> {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return (await readStartTicks(pid)) === startTicks
}

function parse(text: string): Running | undefined {
  try {
    const { pid, startTicks, url } = JSON.parse(text) as Partial<Running>
    if (!Number.isSafeInteger(pid) || (pid as number) < 2 || typeof url !== 'string') return undefined
    return { pid: pid as number, startTicks: startTicks ?? null, url }
  } catch {
    return undefined
  }
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold anything, so it is counted from its closing bracket. A zombie is dead. */
async function readStartTicks(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? 'zombie' : (fields?.[19] ?? null)
}
