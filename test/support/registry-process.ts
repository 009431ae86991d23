import { join, resolve } from 'node:path'
import { freePort } from '../peers/ports.ts'
import { mergeSections, type Sections, writeConfigFile } from './config-file.ts'
import { type Program, startProgram } from './program.ts'

const program = resolve(import.meta.dirname, '../../bin/glance-registry')

/** A running glance-registry. */
export interface RegistryProcess extends Program, AsyncDisposable {
  readonly url: string
  readonly port: number
  /** What makes an API node ask it. */
  readonly apiConfig: Sections
}

/** Starts glance-registry from source and waits until it answers. @throws with its log if it does not within a minute */
export async function startRegistryProcess(options: {
  directory: string
  /** Laid over the address and port that every registry gets. */
  config: Sections
  /** Read before the file made from `config`. */
  configFiles?: readonly string[]
  /** A free one by default. */
  port?: number
  env?: NodeJS.ProcessEnv
}): Promise<RegistryProcess> {
  const { directory, config, configFiles = [], port = await freePort(), env = {} } = options
  const path = await writeConfigFile(
    join(directory, 'glance-registry.conf'),
    mergeSections({ DEFAULT: { bind_host: '127.0.0.1', bind_port: port, workers: 1 } }, config),
  )
  const url = `http://127.0.0.1:${port}`
  const running = await startProgram([program, ...[...configFiles, path].flatMap((file) => ['--config-file', file])], {
    name: 'glance-registry',
    directory,
    logPath: join(directory, 'registry.log'),
    env,
    isReady: async () => (await fetch(`${url}/healthcheck`)).ok,
  })
  return {
    ...running,
    url,
    port,
    apiConfig: {
      DEFAULT: { data_api: 'glance.db.registry.api', registry_host: '127.0.0.1', registry_port: port },
    },
    [Symbol.asyncDispose]: running.stop,
  }
}

/** Whether this run puts a registry between every API and its database: `npm run test:registry`. */
export function testsRegistry(): boolean {
  return process.env.GLIMPSE_TEST_DATA_API === 'registry'
}
