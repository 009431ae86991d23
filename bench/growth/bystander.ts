import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Engine } from './engines.ts'

/** What somebody meets who goes on reading and writing while something long is under way. */
export interface Encounter {
  /** Until an image with a property was made, read, changed and deleted; the slowest single statement. */
  readonly worstMs: number
  /** The longest that any statement was seen waiting for a lock. */
  readonly longestLockWaitMs: number
  readonly statements: number
}

/** Writes and reads images on connections of its own until `work` has ended, and watches who waits for a lock. */
export async function watch<T>(engine: Engine, work: () => Promise<T>): Promise<{ result: T; met: Encounter }> {
  const [writer, watcher] = [await engine.connect(), await engine.connect()]
  let [worstMs, longestLockWaitMs, statements, isOver] = [0, 0, 0, false]
  const no = engine.name === 'PostgreSQL' ? 'false' : '0'
  const timed = async (sql: string, values: unknown[]) => {
    const startedAt = performance.now()
    await writer.query(sql, values)
    worstMs = Math.max(worstMs, performance.now() - startedAt)
    statements++
  }
  const write = async () => {
    while (!isOver) {
      const id = randomUUID()
      await timed(
        `INSERT INTO images (id, status, visibility, owner, min_disk, min_ram, protected, os_hidden, created_at, updated_at, deleted)
          VALUES (?, 'queued', 'private', 'bystander', 0, 0, ${no}, ${no}, ${engine.daysAgo(0)}, ${engine.daysAgo(0)}, ${no})`,
        [id],
      )
      await timed(
        `INSERT INTO image_properties (image_id, name, value, created_at, deleted) VALUES (?, 'p', 'v', ${engine.daysAgo(0)}, ${no})`,
        [id],
      )
      await timed(
        `SELECT i.status, p.value FROM images i JOIN image_properties p ON p.image_id = i.id WHERE i.id = ?`,
        [id],
      )
      await timed(`UPDATE images SET name = 'changed' WHERE id = ?`, [id])
      await timed('DELETE FROM image_properties WHERE image_id = ?', [id])
      await timed('DELETE FROM images WHERE id = ?', [id])
      await sleep(5)
    }
  }
  const look = async () => {
    while (!isOver) {
      const [row] = await watcher.query(engine.longestLockWaitMs)
      longestLockWaitMs = Math.max(longestLockWaitMs, Number(Object.values(row ?? {})[0]))
      await sleep(20)
    }
  }
  const bystanders = Promise.all([write(), look()])
  try {
    const result = await work()
    return { result, met: { worstMs, longestLockWaitMs, statements } }
  } finally {
    isOver = true
    await bystanders
    await Promise.all([writer.end(), watcher.end()])
  }
}
