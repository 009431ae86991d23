import type { FileHandle } from 'node:fs/promises'

/**
 * Advisory locks of whole files, which end with the process that holds them, also when it is killed, and reach other
 * hosts on a shared file system.
 */
export interface FileLocks {
  /** True if this process now holds the lock of `file` alone; false if another open file does. */
  tryLock(file: FileHandle): Promise<boolean>
}

const lockExclusive = 2
const lockNonBlocking = 4

/** Locks by flock(2), or undefined where it cannot be called (no native binding for the platform). */
export async function loadFileLocks(): Promise<FileLocks | undefined> {
  try {
    const { default: koffi } = await import('koffi')
    const flock = koffi.load(null).func('int flock(int fd, int operation)')
    return {
      tryLock: (file) =>
        new Promise((resolve, reject) => {
          flock.async(file.fd, lockExclusive | lockNonBlocking, (error: unknown, result: number) => {
            if (error) reject(error as Error)
            else resolve(result === 0)
          })
        }),
    }
  } catch {
    return undefined
  }
}
