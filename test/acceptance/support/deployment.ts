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

/** An image service on a database and a folder of its own. */
export interface Deployment extends AsyncDisposable {
  readonly service: Service
  readonly database: TestDatabase
  /** The folder of the file store. */
  readonly imagesDirectory: string
  /** Sends a request with the persona's token. */
  request(persona: Persona, request: HttpRequest): Promise<HttpAnswer>
}

/** What `$GLIMPSE_ACCEPTANCE` names: `glimpse` (the default) or `reference`, against which the same tests pass. */
export function target(): Implementation {
  const name = process.env.GLIMPSE_ACCEPTANCE ?? glimpse.name
  const known = [glimpse, reference].find((implementation) => implementation.name === name)
  if (!known) throw new Error(`GLIMPSE_ACCEPTANCE is ${name}; it is glimpse or reference`)
  return known
}

/** Deploys a service with Keystone, memcached, MariaDB and a file store; `extra` is laid over that configuration. */
export async function deploy(implementation: Implementation, extra: Sections = {}): Promise<Deployment> {
  const { mariadb, keystone, memcached } = await peers('mariadb', 'keystone', 'memcached')
  const directory = await mkdtemp(join(tmpdir(), `glimpse-acceptance-${implementation.name}-`))
  const imagesDirectory = join(directory, 'images')
  const database = await mariadb.createDatabase()
  const config = mergeSections(
    keystoneSections(keystone, memcached),
    fileStoreSections(imagesDirectory),
    { database: { connection: database.url } },
    extra,
  )
  const remove = async () => {
    await database.drop()
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await manage(implementation, await writeServiceConfig(implementation, { directory, config }), ['db_sync'])
    const service = await startService(implementation, { directory, config })
    return {
      service,
      database,
      imagesDirectory,
      request: (persona, request) =>
        send(service.url, {
          ...request,
          headers: { ...(persona.token !== undefined && { 'x-auth-token': persona.token }), ...request.headers },
        }),
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
