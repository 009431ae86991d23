import { spawn } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { freePort } from '../test/peers/ports.ts'
import { fileStoreSections, keystoneSections, mergeSections, type Sections } from '../test/support/config-file.ts'
import { glimpse, type Implementation, manage, reference } from '../test/support/implementations.ts'
import { peers } from '../test/support/peers.ts'
import { startRegistryProcess } from '../test/support/registry-process.ts'
import { startService, writeServiceConfig } from '../test/support/service.ts'
import { waitUntilAnswers } from './limits.ts'
import { requests } from './load.ts'
import { ProcessTree } from './process-tree.ts'

const workers = 2

/** A service under measurement. */
export interface Contender {
  readonly name: string
  readonly url: string
  readonly processes: ProcessTree
  readonly databaseUrl: string
  stop(): Promise<void>
}

/** Starts the reference by its own server and by uWSGI, both on one database, and keeps the one that shows more images a second. */
export async function startFasterReference(work: string, token: string): Promise<Contender> {
  const own = await startContender(reference, { work, name: 'reference' })
  const uwsgi = await startUwsgi(own)
  const headers = { 'X-Auth-Token': token }
  const rates: number[] = []
  for (const contender of [own, uwsgi]) {
    const rate = await requests(`${contender.url}/v2/images`, { seconds: 3, connections: 8, headers })
    rates.push(rate.perSecond)
  }
  const [faster, slower] = (rates[1] ?? 0) > (rates[0] ?? 0) ? [uwsgi, own] : [own, uwsgi]
  console.log(
    `reference: ${faster.name} (${Math.max(...rates).toFixed(0)} lists/s, ${slower.name} ${Math.min(...rates).toFixed(0)})`,
  )
  await slower.stop()
  return { ...faster, name: 'reference' }
}

export function startGlimpse(work: string): Promise<Contender> {
  return startContender(glimpse, { work, name: 'glimpse' })
}

/** Behind a registry, on the database of another contender. Its processes are those of both programs. */
export async function startGlimpseWithRegistry(work: string, { databaseUrl }: Contender): Promise<Contender> {
  const directory = join(work, 'registry')
  const images = join(directory, 'images')
  await mkdir(images, { recursive: true })
  const { keystone, memcached } = await peers('keystone', 'memcached')
  const common = keystoneSections(keystone, memcached)
  const registry = await startRegistryProcess({
    directory,
    config: mergeSections(common, {
      DEFAULT: { workers, log_file: join(directory, 'registry.log') },
      database: { connection: databaseUrl },
    }),
  })
  const config = mergeSections(common, fileStoreSections(images), registry.apiConfig, {
    DEFAULT: { workers, log_file: join(directory, 'api.log') },
  })
  const service = await startService(glimpse, { directory, config })
  return {
    name: 'with registry',
    url: service.url,
    processes: new ProcessTree(service.pid, registry.pid),
    databaseUrl,
    async stop() {
      await service.stop()
      await registry.stop()
    },
  }
}

interface ConfiguredContender extends Contender {
  readonly configPath: string
}

async function startContender(
  implementation: Implementation,
  { work, name }: { work: string; name: string },
): Promise<ConfiguredContender> {
  const directory = join(work, name)
  const images = join(directory, 'images')
  await mkdir(images, { recursive: true })
  const { mariadb, keystone, memcached } = await peers('mariadb', 'keystone', 'memcached')
  const database = await mariadb.createDatabase()
  const config: Sections = mergeSections(keystoneSections(keystone, memcached), fileStoreSections(images), {
    DEFAULT: { workers, log_file: join(directory, 'api.log') },
    database: { connection: database.url },
  })
  await manage(implementation, await writeServiceConfig(implementation, { directory, config, port: 0 }), ['db_sync'])
  const service = await startService(implementation, { directory, config })
  return {
    name,
    url: service.url,
    processes: new ProcessTree(service.pid),
    databaseUrl: database.url,
    configPath: service.configPaths.at(-1) ?? '',
    stop: () => service.stop(),
  }
}

async function startUwsgi(own: ConfiguredContender): Promise<Contender> {
  const port = await freePort()
  const child = spawn(
    'uwsgi_python3',
    [
      ...['--http-socket', `127.0.0.1:${port}`, '--wsgi-file', '/usr/bin/glance-wsgi-api', '--master'],
      ...['--processes', `${workers}`, '--threads', '4', '--enable-threads', '--lazy-apps', '--die-on-term'],
      ...['--buffer-size', '65535', '--add-header', 'Connection: close'],
    ],
    {
      stdio: 'ignore',
      env: {
        ...process.env,
        OS_GLANCE_CONFIG_DIR: dirname(own.configPath),
        OS_GLANCE_CONFIG_FILES: 'glance-api.conf',
      },
    },
  )
  const url = `http://127.0.0.1:${port}`
  await waitUntilAnswers(url, child)
  return {
    name: 'uwsgi',
    url,
    processes: new ProcessTree(child.pid ?? 0),
    databaseUrl: own.databaseUrl,
    stop: async () => {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
    },
  }
}
