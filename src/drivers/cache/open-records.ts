import { join } from 'node:path'
import type { CacheRecords, CentralCacheRecords } from '../../ports/cache.ts'
import type { Logger } from '../../ports/logger.ts'
import { openSqliteRecords } from './sqlite-records.ts'
import { openXattrRecords } from './xattr-records.ts'

export interface RecordsOptions {
  /** `image_cache_driver` */
  readonly driver: string
  readonly directory: string
  /** `image_cache_sqlite_db` */
  readonly sqliteName: string
  /** `worker_self_reference_url` */
  readonly nodeUrl: string | null
  readonly central: CentralCacheRecords | undefined
  readonly log: Logger
}

/** The records that the configuration asks for; those of SQLite take the place of what cannot be used. */
export function openRecords(options: RecordsOptions): CacheRecords {
  return new LateRecords(() => choose(options))
}

async function choose({ driver, directory, sqliteName, nodeUrl, central, log }: RecordsOptions): Promise<CacheRecords> {
  const instead = (reason: string): CacheRecords => {
    log.warn({ driver, reason }, 'the driver of the image cache cannot be used: sqlite takes its place')
    return openSqliteRecords(join(directory, sqliteName))
  }
  if (driver === 'sqlite') return openSqliteRecords(join(directory, sqliteName))
  if (driver === 'xattr') {
    return openXattrRecords(directory).catch((error: unknown) => instead(error instanceof Error ? error.message : ''))
  }
  if (nodeUrl === null) return instead('worker_self_reference_url is not set')
  return (
    (await central?.ofNode(nodeUrl)) ?? instead('the database has no tables of caches (db upgrade --version heads)')
  )
}

/** Records that are chosen when they are first used: the database may not be up when the service starts. */
class LateRecords implements CacheRecords {
  readonly #choose: () => Promise<CacheRecords>
  #chosen: Promise<CacheRecords> | undefined

  constructor(choose: () => Promise<CacheRecords>) {
    this.#choose = choose
  }

  async list(): ReturnType<CacheRecords['list']> {
    return (await this.#records()).list()
  }

  async get(imageId: string): ReturnType<CacheRecords['get']> {
    return (await this.#records()).get(imageId)
  }

  async add(entry: Parameters<CacheRecords['add']>[0]): Promise<void> {
    return (await this.#records()).add(entry)
  }

  async hit(imageId: string, options: { count: number; at: Date }): Promise<void> {
    return (await this.#records()).hit(imageId, options)
  }

  async remove(imageId: string): Promise<void> {
    return (await this.#records()).remove(imageId)
  }

  async removeAll(): Promise<void> {
    return (await this.#records()).removeAll()
  }

  async nodesOf(imageId: string): ReturnType<CacheRecords['nodesOf']> {
    return (await this.#records()).nodesOf(imageId)
  }

  async close(): Promise<void> {
    await (await this.#chosen)?.close()
  }

  #records(): Promise<CacheRecords> {
    this.#chosen ??= this.#choose().catch((error: unknown) => {
      this.#chosen = undefined
      throw error
    })
    return this.#chosen
  }
}
