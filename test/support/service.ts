import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../peers/ports.ts'
import { mergeSections, type Sections, writeConfigFile } from './config-file.ts'
import { glimpse, type Implementation, reference } from './implementations.ts'
import { childrenOf } from './process-children.ts'
import { type Program, startProgram } from './program.ts'
import { startRegistryProcess, testsRegistry } from './registry-process.ts'

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
export interface Service extends Program, AsyncDisposable {
  readonly implementation: Implementation
  /** Without a slash at the end. */
  readonly url: string
  readonly port: number
  /** In the order in which they are read. */
  readonly configPaths: readonly string[]
  /** The processes that serve requests: those of its tree that have no children. */
  workerPids(): Promise<number[]>
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
  const { port, configPaths, directory, env = {} } = options
  const url = `http://127.0.0.1:${port}`
  const registry = implementation === glimpse && testsRegistry() ? await registryBeside(options) : undefined
  const files = [...configPaths, ...(registry?.configPaths ?? [])]
  const program = await startProgram([implementation.api, ...files.flatMap((path) => ['--config-file', path])], {
    name: `${implementation.name} (${implementation.api})`,
    directory,
    logPath: join(directory, 'output.log'),
    env,
    isReady: async () => (await fetch(`${url}/`)).status === 300,
  }).catch(async (error: unknown) => {
    await registry?.stop()
    throw error
  })
  const stop = async () => {
    await program.stop()
    await registry?.stop()
  }
  return {
    ...program,
    implementation,
    url,
    port,
    configPaths,
    workerPids: () => leavesBelow(program.pid),
    stop,
    kill: async () => {
      await program.kill()
      await registry?.stop()
    },
    restart: async () => {
      await stop()
      return launch(implementation, options)
    },
    [Symbol.asyncDispose]: stop,
  }
}

/** Puts a registry between the API and its database, for which the API itself gets an address of no use. */
async function registryBeside(
  options: ServiceOptions,
): Promise<{ configPaths: readonly string[]; stop(): Promise<void> }> {
  const { directory, configFiles = [], env = {} } = options
  const { database = {}, paste_deploy = {}, keystone_authtoken = {} } = options.config
  const flavor = String(paste_deploy.flavor ?? '').startsWith('keystone') ? 'keystone' : undefined
  const registry = await startRegistryProcess({
    directory,
    configFiles,
    env,
    config: { database, keystone_authtoken, ...(flavor && { paste_deploy: { flavor } }) },
  })
  const path = await writeConfigFile(
    join(directory, 'data-api.conf'),
    mergeSections(registry.apiConfig, { database: { connection: 'mysql+pymysql://none:none@127.0.0.1:1/none' } }),
  )
  return { configPaths: [path], stop: registry.stop }
}

async function leavesBelow(pid: number): Promise<number[]> {
  const pids = await childrenOf(pid)
  if (pids.length === 0) return [pid]
  return (await Promise.all(pids.map(leavesBelow))).flat()
}
