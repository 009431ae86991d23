import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isAlive, type ProcessRecord, startDaemon, stopDaemon, waitUntilReady } from '../peers/processes.ts'
import { servicesDirectory } from '../peers/state.ts'

/** A program that a test has started, and its workers. */
export interface Program {
  readonly pid: number
  /** What it has written to standard output and error so far. */
  log(): Promise<string>
  /** Ends it with SIGTERM and waits; no effect if it has ended. */
  stop(): Promise<void>
  /** Ends it and all its workers with SIGKILL at once. */
  kill(): Promise<void>
}

/** Starts a program in that folder and waits until it answers. @throws with its log if it does not within a minute */
export async function startProgram(
  command: readonly [string, ...string[]],
  options: {
    name: string
    directory: string
    logPath: string
    env?: NodeJS.ProcessEnv
    isReady: () => Promise<boolean>
  },
): Promise<Program> {
  const { name, logPath, directory, env, isReady } = options
  const record = await startDaemon(command, { logPath, env: { ...process.env, ...env }, cwd: directory })
  const forget = await remember(record)
  const stopWith = async (end: () => Promise<void>) => {
    await end()
    await forget()
  }
  try {
    await waitUntilReady(isReady, { name, process: record, logPath })
  } catch (error) {
    await stopWith(() => stopDaemon(record))
    throw error
  }
  return {
    pid: record.pid,
    log: () => readFile(logPath, 'utf8'),
    stop: () => stopWith(() => stopDaemon(record, { graceMs: 15_000 })),
    kill: () => stopWith(() => killGroup(record)),
  }
}

/** Writes the process down where `cli.ts down` finds it, should the test be unable to stop it. @returns how to forget it */
export async function remember(record: ProcessRecord): Promise<() => Promise<void>> {
  await mkdir(servicesDirectory(), { recursive: true })
  const path = join(servicesDirectory(), `${record.pid}.json`)
  await writeFile(path, JSON.stringify(record))
  return () => rm(path, { force: true })
}

async function killGroup(record: ProcessRecord): Promise<void> {
  if (isAlive(record)) process.kill(-record.pid, 'SIGKILL')
  while (isAlive(record)) await sleep(10)
}
