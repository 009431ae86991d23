import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execute, run } from '../../test/peers/processes.ts'
import { fileStoreSections, keystoneSections, mergeSections, type Sections } from '../../test/support/config-file.ts'
import { glimpse, manage, reference } from '../../test/support/implementations.ts'
import { peers } from '../../test/support/peers.ts'
import { startService, writeServiceConfig } from '../../test/support/service.ts'
import type { Figures } from '../table.ts'
import { type Encounter, watch } from './bystander.ts'
import { type Engine, openEngines, type Session } from './engines.ts'
import { fill } from './fill.ts'
import { lists, timePage } from './pages.ts'

interface Growth {
  readonly rows: number
  readonly work: string
  readonly figures: Figures
}

/** Lists, quotas, purge and scrub among `rows` images and as many deleted ones, and what others meet meanwhile. */
export async function measureGrowth(growth: Growth): Promise<void> {
  for (const engine of await openEngines()) {
    await using database = engine
    const session = await database.connect()
    try {
      await new Subject(database, session, growth).measure()
    } finally {
      await session.end()
    }
  }
}

/** The columns of the figures. */
export const engineNames = ['MariaDB', 'PostgreSQL'] as const

class Subject {
  readonly #engine: Engine
  readonly #session: Session
  readonly #growth: Growth
  readonly #directory: string
  readonly #images: string

  constructor(engine: Engine, session: Session, growth: Growth) {
    this.#engine = engine
    this.#session = session
    this.#growth = growth
    this.#directory = join(growth.work, `growth-${engine.name}`)
    this.#images = join(this.#directory, 'images')
  }

  async measure(): Promise<void> {
    const { keystone } = await peers('keystone')
    const member = await keystone.createUser({ roles: ['member', 'reader'] })
    await mkdir(this.#images, { recursive: true })
    const options = { directory: this.#directory, config: await this.#config() }
    const configPaths = await writeServiceConfig(glimpse, { ...options, port: 0 })
    await manage(reference, configPaths, ['db_sync'])
    const { rows } = this.#growth
    await fill(this.#engine, this.#session, { rows, project: member.projectId, folder: this.#images })
    await this.#timed('db_sync makes its indexes', () => this.#manage(configPaths, ['db_sync']))
    for (const table of ['images', 'image_properties', 'image_locations', 'image_tags'])
      await this.#session.query(this.#engine.analyze(table))

    await using service = await startService(glimpse, options)
    for (const [who, token] of [
      ['administrator', await keystone.adminToken()],
      ['member', await member.token()],
    ] as const) {
      const list = `${service.url}/v2/images`
      const found = await this.#session.query(
        `SELECT id FROM images WHERE owner = '${member.projectId}' AND status = 'active' ORDER BY created_at LIMIT 1`,
      )
      const places = { marker: String(found[0]?.id), project: member.projectId }
      for (const [name, query] of Object.entries(lists)) {
        const filled = query.replaceAll(/\{(marker|project)\}/g, (_, place: keyof typeof places) => places[place])
        const { p50Ms, worstMs } = await timePage(list + filled, { token, times: 5 })
        this.#add(`${name}, ${who}, p50 ms`, p50Ms)
        if (worstMs > 3 * p50Ms && worstMs > 100) this.#add(`${name}, ${who}, worst ms`, worstMs)
      }
    }
    await this.#scrub(configPaths)
    const purges = [
      ['purge', 'image_properties', 'image_locations', 'image_tags'],
      ['purge_images_table', 'images'],
    ] as const
    for (const [command, ...tables] of purges) {
      const count = async () => {
        let sum = 0
        for (const table of tables)
          sum += Number(Object.values((await this.#session.query(`SELECT count(*) FROM ${table}`))[0] ?? {})[0])
        return sum
      }
      const before = await count()
      const seconds = await this.#timed(`db ${command}`, () =>
        this.#manage(configPaths, ['db', command, '--age_in_days', '30', '--max_rows', '-1']),
      )
      this.#add(`db ${command}, rows/s`, (before - (await count())) / seconds)
    }
    await this.#timed('db purge of 100 rows, nothing to find', () =>
      this.#manage(configPaths, ['db', 'purge', '--age_in_days', '30']),
    )
  }

  async #config(): Promise<Sections> {
    const { keystone, memcached } = await peers('keystone', 'memcached')
    return mergeSections(keystoneSections(keystone, memcached), fileStoreSections(this.#images), {
      DEFAULT: { workers: 1, delayed_delete: true, scrub_time: 0, log_file: join(this.#directory, 'glance.log') },
      database: { connection: this.#engine.url },
    })
  }

  /** One image in a thousand of those that were deleted waits for the scrubber, with its file. */
  async #scrub(configPaths: readonly string[]): Promise<void> {
    const { rows } = this.#growth
    const yes = this.#engine.name === 'PostgreSQL' ? 'true' : '1'
    const no = this.#engine.name === 'PostgreSQL' ? 'false' : '0'
    const isDue = (column: string) =>
      `${column} IN (SELECT ${this.#engine.idOf(`concat('live', n * 1000)`)} FROM ${this.#engine.numbers(Math.floor(rows / 1000))})`
    const now = this.#engine.daysAgo(0)
    await this.#session.query(
      `UPDATE image_locations SET status = 'pending_delete', deleted = ${yes}, deleted_at = ${now} WHERE ${isDue('image_id')} AND deleted = ${no}`,
    )
    await this.#session.query(
      `UPDATE images SET status = 'pending_delete', deleted = ${yes}, deleted_at = ${now} WHERE ${isDue('id')}`,
    )
    const due = await this.#session.query(`SELECT id FROM images WHERE status = 'pending_delete'`)
    for (const { id } of due) await writeFile(join(this.#images, String(id)), 'scrubbed')
    const command = [
      join(glimpse.manage, '../glance-scrubber'),
      ...configPaths.flatMap((path) => ['--config-file', path]),
    ]
    const seconds = await this.#timed('scrub', () => run(command as [string], { timeoutMs: 3_600_000 }))
    const left = (await readdir(this.#images)).length
    if (left > 0) throw new Error(`${left} of ${due.length} files were not scrubbed`)
    this.#add('scrub, images/s', due.length / seconds)
  }

  async #manage(configPaths: readonly string[], args: readonly string[]): Promise<void> {
    const files = configPaths.flatMap((path) => ['--config-file', path])
    const { code, stderr } = await execute([glimpse.manage, ...files, ...args], { timeoutMs: 3_600_000 })
    if (code !== 0) throw new Error(`glance-manage ${args.join(' ')} ended with ${code}:\n${stderr.slice(-2000)}`)
  }

  /** @returns seconds */
  async #timed(name: string, work: () => Promise<unknown>): Promise<number> {
    const startedAt = performance.now()
    const { met } = await watch(this.#engine, work)
    const seconds = (performance.now() - startedAt) / 1000
    this.#add(`${name}, seconds`, seconds)
    this.#addEncounter(name, met)
    return seconds
  }

  #addEncounter(name: string, { worstMs, longestLockWaitMs }: Encounter): void {
    this.#add(`${name}, worst statement of a bystander, ms`, worstMs)
    this.#add(`${name}, longest wait for a lock, ms`, longestLockWaitMs)
  }

  #add(figure: string, value: number): void {
    this.#growth.figures.add(figure, this.#engine.name, value)
    console.log(`${this.#engine.name}: ${figure}: ${value.toFixed(1)}`)
  }
}
