import { randomInt, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Native } from './native.ts'
import { hasErrno } from './protocol.ts'

const ebusy = 16
/** Every pool with images has it; RBD does not look at the lock. */
const object = 'rbd_directory'
const name = 'glimpse.commit'
/** What a client that died has locked is free again after this. */
const durationSeconds = 30

/**
 * Runs `use` while no other process does, on any host. RBD's rename is not safe against another one to the same name:
 * both succeed, and the name then belongs to neither image alone.
 */
export async function withPoolLock<T>(native: Native, pool: number, use: () => Promise<T>): Promise<T> {
  const cookie = randomUUID()
  const deadline = Date.now() + 2 * durationSeconds * 1000
  const duration = new BigInt64Array([BigInt(durationSeconds), 0n])
  for (;;) {
    try {
      await native.wait('rados_lock_exclusive', [pool, object, name, cookie, 'commit of an image', duration, 0])
      break
    } catch (error) {
      if (!hasErrno(error, ebusy) || Date.now() > deadline) throw error
    }
    await sleep(randomInt(5, 50))
  }
  try {
    return await use()
  } finally {
    // It expires by itself.
    await native.wait('rados_unlock', [pool, object, name, cookie]).catch(() => undefined)
  }
}
