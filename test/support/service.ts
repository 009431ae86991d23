import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../peers/ports.ts'
import { isAlive, type ProcessRecord, startDaemon, stopDaemon, waitUntilReady } from '../peers/processes.ts'
import { servicesDirectory } from '../peers/state.ts'
import { mergeSections, type Sections, writeConfigFile } from './config-file.ts'
import { glimpse, type Implementation, reference } from './implementations.ts'

export interface ServiceOptions {
  /** Holds the configuration file, the log, and the staging folders; made if it is missing. */
  readonly directory: string
  /** Laid over the address, port and folders that every service gets. */
  readonly config: Sections
  /** Read before the file made from `config`. */
  readonly configFiles?: readonly string[]
  /** A free one by default. */
  readonly port?: number
  readonly env?: NodeJS.ProcessEnv
}

/** A running image service. */
export interface Service extends AsyncDisposable {
  readonly implementation: Implementation
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** In the order in which they are read. */
  readonly configPaths: readonly string[]
  /** The process that was started; its workers are below it. */
  readonly pid: number
  /** What it has written to standard output and error so far. */
  log(): Promise<string>
  /** The processes that serve requests: those of its tree that have no children. */
  workerPids(): Promise<number[]>
  /** Ends it with SIGTERM and waits; no effect if it has ended. */
  stop(): Promise<void>
  /** Ends it and all its workers with SIGKILL at once. */
  kill(): Promise<void>
  /** Starts it again on the same port, with the same files. */
  restart(): Promise<Service>
}

/** Starts Glimpse from source and waits until it answers. @throws with its log if it does not within a minute */
export function startGlimpse(options: ServiceOptions): Promise<Service> {
  return startService(glimpse, options)
}

/** Starts Debian's Glance and waits until it answers. @throws with its log if it does not within a minute */
export function startReference(options: ServiceOptions): Promise<Service> {
  return startService(reference, options)
}

export async function startService(implementation: Implementation, options: ServiceOptions): Promise<Service> {
  const port = options.port ?? (await freePort())
  const configPaths = await writeServiceConfig(implementation, { ...options, port })
  return launch(implementation, { ...options, port, configPaths })
}

/** Writes what `startService` would read: for the commands that come before a start, such as `db_sync`. */
export async function writeServiceConfig(
  implementation: Implementation,
  options: Omit<ServiceOptions, 'env'>,
): Promise<string[]> {
  const { directory } = options
  await mkdir(directory, { recursive: true })
  const configPath = await writeConfigFile(
    join(directory, 'glance-api.conf'),
    mergeSections(
      {
        DEFAULT: { bind_host: '127.0.0.1', bind_port: options.port, workers: 1 },
        os_glance_staging_store: { filesystem_store_datadir: join(directory, 'staging') },
        os_glance_tasks_store: { filesystem_store_datadir: join(directory, 'tasks') },
      },
      options.config,
    ),
  )
  await implementation.prepare(configPath)
  return [...(options.configFiles ?? []), configPath]
}

async function launch(
  implementation: Implementation,
  options: ServiceOptions & { port: number; configPaths: readonly string[] },
): Promise<Service> {
  const { port, configPaths } = options
  const url = `http://127.0.0.1:${port}`
  const logPath = join(options.directory, 'output.log')
  const record = await startDaemon([implementation.api, ...configPaths.flatMap((path) => ['--config-file', path])], {
    logPath,
    env: { ...process.env, ...options.env },
    cwd: options.directory,
  })
  const forget = await remember(record)
  const stopWith = async (end: () => Promise<void>) => {
    await end()
    await forget()
  }
  try {
    await waitUntilReady(async () => (await fetch(`${url}/`)).status === 300, {
      name: `${implementation.name} (${implementation.api})`,
      process: record,
      logPath,
    })
  } catch (error) {
    await stopWith(() => stopDaemon(record))
    throw error
  }
  const stop = () => stopWith(() => stopDaemon(record, { graceMs: 15_000 }))
  return {
    implementation,
    url,
    port,
    configPaths,
    pid: record.pid,
    log: () => readFile(logPath, 'utf8'),
    workerPids: () => leavesBelow(record.pid),
    stop,
    kill: () => stopWith(() => killGroup(record)),
    restart: async () => {
      await stop()
      return launch(implementation, options)
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** Writes the process down where `cli.ts down` finds it, should the test be unable to stop it. */
async function remember(record: ProcessRecord): Promise<() => Promise<void>> {
  await mkdir(servicesDirectory(), { recursive: true })
  const path = join(servicesDirectory(), `${record.pid}.json`)
  await writeFile(path, JSON.stringify(record))
  return () => rm(path, { force: true })
}

async function killGroup(record: ProcessRecord): Promise<void> {
  if (isAlive(record)) process.kill(-record.pid, 'SIGKILL')
  while (isAlive(record)) await sleep(10)
}

/** A process that ends meanwhile has no leaves. */
async function leavesBelow(pid: number): Promise<number[]> {
  let children: string[]
  try {
    const threads = await readdir(`/proc/${pid}/task`)
    children = await Promise.all(
      threads.map(async (thread) => (await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8')).trim()),
    )
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
  const pids = children.flatMap((text) => (text === '' ? [] : text.split(' '))).map(Number)
  if (pids.length === 0) return [pid]
  return (await Promise.all(pids.map(leavesBelow))).flat()
}
