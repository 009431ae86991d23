import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStoreSections, keystoneSections, mergeSections, type Sections } from '../../support/config-file.ts'
import type { TestDatabase } from '../../support/databases.ts'
import { glimpse, type Implementation, manage, reference } from '../../support/implementations.ts'
import { peers } from '../../support/peers.ts'
import { type Service, startService, writeServiceConfig } from '../../support/service.ts'
import { type HttpAnswer, type HttpRequest, send } from './http.ts'
import type { Persona } from './personas.ts'

/** An image service that takes requests. */
export interface Target {
  readonly service: Pick<Service, 'url'>
  /** Addresses that its answers name, with what stands for them when answers are compared. */
  readonly addresses: ReadonlyMap<string, string>
  /** Sends a request with the persona's token. */
  request(persona: Persona, request: HttpRequest): Promise<HttpAnswer>
}

/** The service at that address. */
export function targetAt(url: string): Target {
  return {
    service: { url },
    addresses: new Map([[url, '<url>']]),
    request: ({ token }, request) =>
      send(url, { ...request, headers: { ...(token !== undefined && { 'x-auth-token': token }), ...request.headers } }),
  }
}

/** An image service on a database and a folder of its own. */
export interface Deployment extends Target, AsyncDisposable {
  readonly service: Service
  readonly database: TestDatabase
  /** The folder of the file store. */
  readonly imagesDirectory: string
  /** Starts the service again, with its files as they are; it may have been killed. */
  restart(): Promise<void>
}

/** What `$GLIMPSE_ACCEPTANCE` names: `glimpse` (the default) or `reference`, against which the same tests pass. */
export function target(): Implementation {
  const name = process.env.GLIMPSE_ACCEPTANCE ?? glimpse.name
  const known = [glimpse, reference].find((implementation) => implementation.name === name)
  if (!known) throw new Error(`GLIMPSE_ACCEPTANCE is ${name}; it is glimpse or reference`)
  return known
}

export interface DeployOptions {
  /** Laid over the configuration. */
  readonly extra?: Sections
  /** Read before it. */
  readonly configFiles?: readonly string[]
  /** Shares the database and the folder of a running deployment, which must outlive this one. */
  readonly beside?: Deployment
}

/**
 * Deploys a service with Keystone, memcached, MariaDB and a file store. The database is made by the implementation's
 * own `db_sync`, which also runs on a shared one.
 */
export async function deploy(
  implementation: Implementation,
  { extra = {}, configFiles = [], beside }: DeployOptions = {},
): Promise<Deployment> {
  const { mariadb, keystone, memcached } = await peers('mariadb', 'keystone', 'memcached')
  const directory = await mkdtemp(join(tmpdir(), `glimpse-acceptance-${implementation.name}-`))
  const imagesDirectory = beside?.imagesDirectory ?? join(directory, 'images')
  const database = beside?.database ?? (await mariadb.createDatabase())
  const config = mergeSections(
    keystoneSections(keystone, memcached),
    fileStoreSections(imagesDirectory),
    { database: { connection: database.url } },
    extra,
  )
  const remove = async () => {
    if (!beside) await database.drop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    const options = { directory, config, configFiles }
    await manage(implementation, await writeServiceConfig(implementation, options), ['db_sync'])
    let service = await startService(implementation, options)
    return {
      get service() {
        return service
      },
      get addresses() {
        return new Map([
          [service.url, '<url>'],
          [keystone.publicUrl, '<keystone>'],
        ])
      },
      ...{ database, imagesDirectory },
      request: targetAt(service.url).request,
      async restart() {
        service = await service.restart()
      },
      async [Symbol.asyncDispose]() {
        await service.stop()
        await remove()
      },
    }
  } catch (error) {
    await remove()
    throw error
  }
}
