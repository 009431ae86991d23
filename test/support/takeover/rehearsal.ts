import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ImagesClient } from '../../acceptance/support/client.ts'
import { targetAt } from '../../acceptance/support/deployment.ts'
import type { Persona } from '../../acceptance/support/personas.ts'
import { freePort } from '../../peers/ports.ts'
import { fileStoreSections, keystoneSections, mergeSections } from '../config-file.ts'
import { manage, reference } from '../implementations.ts'
import { startBalancer } from '../nginx.ts'
import { peers } from '../peers.ts'
import { readCommands } from './document.ts'
import { SteadyLoad } from './load.ts'
import { Node, type Unit } from './node.ts'

export interface RehearsalOptions {
  /** Of load in each phase between two changes. */
  readonly secondsPerPhase: number
  readonly clients: number
  readonly onProgress?: (line: string) => void
}

/**
 * Replaces Glance by Glimpse on two nodes behind one balancer, and back, by the commands of docs/operations.md, under steady load.
 * @returns the load, which has noted every request
 */
export async function rehearse({ secondsPerPhase, clients, onProgress }: RehearsalOptions): Promise<SteadyLoad> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'glimpse-takeover-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  const { mariadb, keystone, memcached } = await peers('mariadb', 'keystone', 'memcached')
  const database = cleanup.use(await mariadb.createDatabase())
  const { host, port, user, password } = mariadb
  const clientOptionsPath = join(folder, 'client.cnf')
  await writeFile(clientOptionsPath, `[client]\nhost=${host}\nport=${port}\nuser=${user}\npassword=${password}\n`)

  const [owner, other] = (await Promise.all(
    [1, 2].map(async () => {
      const account = await keystone.createUser({ roles: ['member', 'reader'] })
      return { token: await account.token(), projectId: account.projectId }
    }),
  )) as [Persona, Persona]

  const commands = await readCommands()
  const ports = [await freePort(), await freePort()]
  const balancer = cleanup.use(await startBalancer(ports.map((each) => `127.0.0.1:${each}`)))
  const config = mergeSections(
    keystoneSections(keystone, memcached),
    fileStoreSections(join(folder, 'images')),
    { database: { connection: database.url } },
    { os_glance_staging_store: { filesystem_store_datadir: join(folder, 'staging') } },
  )
  const nodes: Node[] = []
  for (const each of ports) {
    const options = { port: each, folder: join(folder, `node-${each}`), config, commands }
    nodes.push(cleanup.use(await Node.make({ ...options, nginxConfigPath: balancer.configPath })))
  }
  const [first, second] = nodes as [Node, Node]
  await manage(reference, [first.configPath], ['db_sync'])
  await Promise.all(nodes.map((node) => node.boot('glance-api')))
  const { id } = await new ImagesClient(targetAt(balancer.url), owner).createWithData({ name: 'to check' }, 'of Glance')
  const settings = {
    BALANCER: balancer.upstreamPath,
    DB: `--defaults-extra-file=${clientOptionsPath} ${database.name}`,
    TOKEN: String(owner.token),
    IMAGE: id,
  }

  const serverAt = (address: string) =>
    nodes.find((node) => node.address === address)?.implementation.name ?? `${address}`
  const load = new SteadyLoad({ url: balancer.url, owner, other, serverAt, pauseMs: 50 })
  const enter = (phase: string) => {
    load.phase = phase
    onProgress?.(phase)
  }
  const stay = async (phase: string) => {
    enter(phase)
    await sleep(secondsPerPhase * 1000)
  }
  const change = async (node: Node, to: Unit) => {
    enter(`${node === first ? 'first' : 'second'} node changes to ${to}`)
    const waits = to === 'glimpse-api' ? 'imports' : 'jobs'
    for (const name of ['drain', waits, 'replace', 'check', 'return']) await node.type(name, { to, settings })
  }

  enter('Glance alone')
  load.start({ clients })
  try {
    await stay('Glance alone')
    await first.type('prepare', { to: 'glimpse-api', settings })
    await change(first, 'glimpse-api')
    await stay('both')
    await change(second, 'glimpse-api')
    await stay('Glimpse alone')
    await load.readAll()
    await change(first, 'glance-api')
    await stay('both on the way back')
    await change(second, 'glance-api')
    await stay('Glance alone again')
    await load.readAll()
  } finally {
    await load.stop()
  }
  return load
}
