import { DatabaseSync } from 'node:sqlite'
import { GlimpseError } from '../../errors/error.ts'
import type { CacheRecord, CacheRecords } from '../../ports/cache.ts'

const busyTimeoutMs = 5_000

interface Row {
  readonly image_id: string
  readonly size: number
  readonly hits: number
  readonly last_accessed: number
  readonly last_modified: number
  readonly checksum: string | null
}

const columns = 'image_id, size, hits, last_accessed, last_modified, checksum'

/**
 * Records in an SQLite file, with the reference's table. No write-ahead log: its files would lie among the images, where
 * the reference would take them for some.
 * @throws cache_unusable
 * @see glance `image_cache/drivers/sqlite.py`
 */
export function openSqliteRecords(path: string): CacheRecords {
  try {
    const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
    database.exec(`CREATE TABLE IF NOT EXISTS cached_images (
      image_id TEXT PRIMARY KEY,
      last_accessed REAL DEFAULT 0.0,
      last_modified REAL DEFAULT 0.0,
      size INTEGER DEFAULT 0,
      hits INTEGER DEFAULT 0,
      checksum TEXT
    )`)
    database.exec('PRAGMA synchronous = NORMAL')
    return new SqliteRecords(database)
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the file cannot be opened'
    throw new GlimpseError('cache_unusable', { directory: path, reason }, { cause: error })
  }
}

class SqliteRecords implements CacheRecords {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  async list(): Promise<CacheRecord[]> {
    const rows = this.#database.prepare(`SELECT ${columns} FROM cached_images ORDER BY image_id`).all()
    return (rows as unknown as Row[]).map(recordOf)
  }

  async get(imageId: string): Promise<CacheRecord | undefined> {
    const row = this.#database.prepare(`SELECT ${columns} FROM cached_images WHERE image_id = ?`).get(imageId)
    return row && recordOf(row as unknown as Row)
  }

  async add({ imageId, sizeBytes, checksum, at }: Parameters<CacheRecords['add']>[0]): Promise<void> {
    this.#database
      .prepare(`INSERT OR REPLACE INTO cached_images (${columns}) VALUES (?, ?, 0, ?, ?, ?)`)
      .run(imageId, sizeBytes, secondsOf(at), secondsOf(at), checksum)
  }

  async hit(imageId: string, { count, at }: { count: number; at: Date }): Promise<void> {
    this.#database
      .prepare('UPDATE cached_images SET hits = hits + ?, last_accessed = ? WHERE image_id = ?')
      .run(count, secondsOf(at), imageId)
  }

  async remove(imageId: string): Promise<void> {
    this.#database.prepare('DELETE FROM cached_images WHERE image_id = ?').run(imageId)
  }

  async removeAll(): Promise<void> {
    this.#database.exec('DELETE FROM cached_images')
  }

  async nodesOf(): Promise<undefined> {}

  async close(): Promise<void> {
    this.#database.close()
  }
}

function recordOf(row: Row): CacheRecord {
  return {
    imageId: row.image_id,
    sizeBytes: row.size,
    hits: row.hits,
    lastAccessed: new Date(row.last_accessed * 1000),
    lastModified: new Date(row.last_modified * 1000),
    checksum: row.checksum,
  }
}

function secondsOf(at: Date): number {
  return at.getTime() / 1000
}
