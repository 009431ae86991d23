import { sql } from 'kysely'
import type { CacheRecord, CacheRecords, CentralCacheRecords } from '../../../ports/cache.ts'
import type { Database, Row } from '../database.ts'
import { DuplicateKeyError } from '../engines/failures.ts'
import { SchemaEditor } from '../migrations/schema-editor.ts'
import { type Statements, slot } from '../statement.ts'
import { formatTimestamp, parseTimestamp } from '../timestamps.ts'

const columns = sql`image_id, size, hits, last_accessed, last_modified, checksum`

/** @see glance `image_cache/drivers/centralized_db.py` */
export class SqlCentralCacheRecords implements CentralCacheRecords {
  readonly #database: Database
  readonly #statements: Statements

  constructor(database: Database, statements: Statements) {
    this.#database = database
    this.#statements = statements
  }

  async ofNode(nodeUrl: string): Promise<CacheRecords | undefined> {
    const hasTables = await this.#database.schemaWork((session) =>
      new SchemaEditor(session, this.#database.dialect).hasTable('cached_images'),
    )
    if (!hasTables) return undefined
    const nodeId = (await this.#nodeId(nodeUrl)) ?? (await this.#addNode(nodeUrl))
    return new NodeRecords(this.#database, { statements: this.#statements, nodeId })
  }

  async #nodeId(nodeUrl: string): Promise<number | undefined> {
    const statement = this.#statements.get(
      'cache node',
      () => sql`select node_reference_id from node_reference where node_reference_url = ${slot('nodeUrl')}`,
    )
    const [row] = await this.#database.rows(statement, { nodeUrl })
    return row && Number(row[0])
  }

  /** Another process of the node may do the same. */
  async #addNode(nodeUrl: string): Promise<number> {
    const statement = this.#statements.get(
      'cache node insert',
      () => sql`insert into node_reference (node_reference_url) values (${slot('nodeUrl')})`,
    )
    await this.#database.run(statement, { nodeUrl }).catch(ignoreDuplicate)
    return (await this.#nodeId(nodeUrl)) ?? 0
  }
}

/** The records of one node. */
class NodeRecords implements CacheRecords {
  readonly #database: Database
  readonly #statements: Statements
  readonly #nodeId: number

  constructor(database: Database, { statements, nodeId }: { statements: Statements; nodeId: number }) {
    this.#database = database
    this.#statements = statements
    this.#nodeId = nodeId
  }

  async list(): Promise<CacheRecord[]> {
    const statement = this.#statements.get(
      'cached images',
      () => sql`select ${columns} from cached_images where node_reference_id = ${slot('nodeId')} order by image_id`,
    )
    return (await this.#database.rows(statement, { nodeId: this.#nodeId })).map(recordOf)
  }

  async get(imageId: string): Promise<CacheRecord | undefined> {
    const statement = this.#statements.get(
      'cached image',
      () => sql`select ${columns} from cached_images
        where image_id = ${slot('imageId')} and node_reference_id = ${slot('nodeId')}`,
    )
    const [row] = await this.#database.rows(statement, { imageId, nodeId: this.#nodeId })
    return row && recordOf(row)
  }

  async add({ imageId, sizeBytes, checksum, at }: Parameters<CacheRecords['add']>[0]): Promise<void> {
    const values = { imageId, sizeBytes, checksum, at: this.#time(at), nodeId: this.#nodeId }
    const update = this.#statements.get(
      'cached image again',
      () => sql`update cached_images
        set size = ${slot('sizeBytes')}, hits = 0, checksum = ${slot('checksum')},
          last_accessed = ${slot('at')}, last_modified = ${slot('at')}
        where image_id = ${slot('imageId')} and node_reference_id = ${slot('nodeId')}`,
    )
    if ((await this.#database.run(update, values)) > 0) return
    const insert = this.#statements.get(
      'cached image insert',
      () => sql`insert into cached_images
          (image_id, size, hits, checksum, last_accessed, last_modified, node_reference_id)
        values (${slot('imageId')}, ${slot('sizeBytes')}, 0, ${slot('checksum')}, ${slot('at')}, ${slot('at')},
          ${slot('nodeId')})`,
    )
    await this.#database.run(insert, values).catch(ignoreDuplicate)
  }

  async hit(imageId: string, { count, at }: { count: number; at: Date }): Promise<void> {
    const statement = this.#statements.get(
      'cached image hit',
      () => sql`update cached_images set hits = hits + ${slot('count')}, last_accessed = ${slot('at')}
        where image_id = ${slot('imageId')} and node_reference_id = ${slot('nodeId')}`,
    )
    await this.#database.run(statement, { imageId, count, at: this.#time(at), nodeId: this.#nodeId })
  }

  async remove(imageId: string): Promise<void> {
    const statement = this.#statements.get(
      'cached image remove',
      () => sql`delete from cached_images
        where image_id = ${slot('imageId')} and node_reference_id = ${slot('nodeId')}`,
    )
    await this.#database.run(statement, { imageId, nodeId: this.#nodeId })
  }

  async removeAll(): Promise<void> {
    const statement = this.#statements.get(
      'cached images remove',
      () => sql`delete from cached_images where node_reference_id = ${slot('nodeId')}`,
    )
    await this.#database.run(statement, { nodeId: this.#nodeId })
  }

  async nodesOf(imageId: string): Promise<string[]> {
    const statement = this.#statements.get(
      'cache nodes',
      () => sql`select n.node_reference_url from node_reference n
        join cached_images c on c.node_reference_id = n.node_reference_id
        where c.image_id = ${slot('imageId')} order by n.node_reference_id`,
    )
    return (await this.#database.rows(statement, { imageId })).map(([url]) => url as string)
  }

  /** The database is closed by those who opened it. */
  async close(): Promise<void> {}

  #time(at: Date): string {
    return formatTimestamp(at, this.#database.dialect)
  }
}

function recordOf(row: Row): CacheRecord {
  const [imageId, sizeBytes, hits, lastAccessed, lastModified, checksum] = row as [
    string,
    number,
    number,
    string,
    string,
    string | null,
  ]
  return {
    imageId,
    sizeBytes: Number(sizeBytes),
    hits: Number(hits),
    lastAccessed: parseTimestamp(lastAccessed),
    lastModified: parseTimestamp(lastModified),
    checksum,
  }
}

function ignoreDuplicate(error: unknown): void {
  if (!(error instanceof DuplicateKeyError)) throw error
}
