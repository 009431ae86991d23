import { createHash, randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { AbandonedWrite } from '../../../ports/blob-store.ts'
import type { FileLocks } from './lock.ts'

/** Images are named by their id, which has no dot; the reference never looks at other names. */
const prefix = '.glimpse-'
const pattern = /^\.glimpse-(.+)\.[0-9a-f]{12}([0-9a-f]{8})?$/

export interface TemporaryFile {
  readonly path: string
  readonly file: FileHandle
}

/** A file whose writer is dead. */
export interface AbandonedFile extends AbandonedWrite {
  readonly file: FileHandle
  /** The machine runs since before it was written: what was written is there, even if it never came to the disk. */
  readonly isWhole: boolean
}

/** Eight hexadecimal digits that stand for the time since this machine was started; undefined where the system does not tell. */
export async function readBootMark(): Promise<string | undefined> {
  const id = await readFile('/proc/sys/kernel/random/boot_id').catch(() => undefined)
  return id && createHash('sha256').update(id).digest('hex').slice(0, 8)
}

/**
 * Makes a new file for the data of `key` and locks it: as long as it is open, everybody can see that its writer lives.
 * @throws the system's error
 */
export async function createTemporary(
  directory: string,
  options: { key: string; locks: FileLocks | undefined; bootMark: string | undefined },
): Promise<TemporaryFile> {
  for (;;) {
    const path = join(directory, `${prefix}${options.key}.${randomBytes(6).toString('hex')}${options.bootMark ?? ''}`)
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o666)
    // A finder of abandoned files may come between the two calls; it then owns the file, and we make another.
    if (options.locks === undefined || (await options.locks.tryLock(file))) {
      if ((await file.stat()).nlink > 0) return { path, file }
    }
    await file.close()
  }
}

/** Finds files, of one key `only` or of all, whose writer is dead: those whose lock can be had. Each is held until it is discarded or released. */
export async function* findAbandoned(
  directories: readonly string[],
  { locks, bootMark, only }: { locks: FileLocks; bootMark: string | undefined; only?: string },
): AsyncGenerator<AbandonedFile, void, undefined> {
  for (const directory of directories) {
    for (const name of await readdir(directory)) {
      const [, key, mark] = pattern.exec(name) ?? []
      if (key === undefined || key !== (only ?? key)) continue
      const path = join(directory, name)
      const file = await open(path, constants.O_RDWR).catch(() => undefined)
      if (file === undefined) continue
      if ((await locks.tryLock(file)) && (await file.stat()).nlink > 0)
        yield abandonedFile({ path, file }, { key, directory, isWhole: mark !== undefined && mark === bootMark })
      else await file.close()
    }
  }
}

function abandonedFile(
  { path, file }: TemporaryFile,
  { key, directory, isWhole }: { key: string; directory: string; isWhole: boolean },
): AbandonedFile {
  return {
    ...{ key, file, isWhole },
    async removeBlob() {
      const blob = join(directory, key)
      if (await isSameFile(file, blob)) await unlink(blob)
    },
    async discard() {
      try {
        await unlink(path)
      } finally {
        await file.close()
      }
    },
    release: () => file.close(),
  }
}

/** Whether the open file is what `path` names. */
export async function isSameFile(file: FileHandle, path: string): Promise<boolean> {
  const [mine, other] = await Promise.all([file.stat(), stat(path).catch(() => undefined)])
  return other !== undefined && mine.ino === other.ino && mine.dev === other.dev
}
