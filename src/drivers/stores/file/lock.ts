import type { FileHandle } from 'node:fs/promises'

/**
 * Advisory locks of whole files, which end with the process that holds them, also when it is killed, and reach other
 * hosts on a shared file system.
 */
export interface FileLocks {
  /** True if this process now holds the lock of `file` alone; false if another open file does. */
  tryLock(file: FileHandle): Promise<boolean>
  /** True if this process now holds the lock of `file`, alone or with others; false if one holds it alone. */
  tryShare(file: FileHandle): Promise<boolean>
  /** Gives up the lock of `file`; closing it does the same. */
  unlock(file: FileHandle): Promise<void>
}

const lockShared = 1
const lockExclusive = 2
const lockNonBlocking = 4
const unlocked = 8

/** Locks by flock(2), or undefined where it cannot be called (no native binding for the platform). */
export async function loadFileLocks(): Promise<FileLocks | undefined> {
  try {
    const { default: koffi } = await import('koffi')
    const flock = koffi.load(null).func('int flock(int fd, int operation)')
    const change = (file: FileHandle, operation: number) =>
      new Promise<boolean>((resolve, reject) => {
        flock.async(file.fd, operation, (error: unknown, result: number) => {
          if (error) reject(error as Error)
          else resolve(result === 0)
        })
      })
    return {
      tryLock: (file) => change(file, lockExclusive | lockNonBlocking),
      tryShare: (file) => change(file, lockShared | lockNonBlocking),
      unlock: async (file) => void (await change(file, unlocked)),
    }
  } catch {
    return undefined
  }
}
