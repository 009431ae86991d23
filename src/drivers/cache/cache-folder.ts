import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { GlimpseError } from '../../errors/error.ts'
import type { CacheEntryFile, CacheFile, CacheFolder, FillFile } from '../../ports/cache.ts'
import { type FileLocks, loadFileLocks } from '../stores/file/lock.ts'
import { CacheFillFile } from './fill-file.ts'

/** Where the entries of each state lie. */
export interface CachePaths {
  entry(imageId: string): string
  incomplete(imageId: string): string
  invalid(imageId: string): string
  queued(imageId: string): string
}

/** Only ids become names of files: of anything else there is nothing. */
const imageIdPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/**
 * Opens the folder of a cache and makes what is missing of it.
 * @throws cache_unusable
 */
export async function openCacheFolder(directory: string): Promise<CacheFolder> {
  const locks = await loadFileLocks()
  if (locks === undefined) {
    throw new GlimpseError('cache_unusable', { directory, reason: 'files cannot be locked on this platform' })
  }
  try {
    for (const name of ['incomplete', 'invalid', 'queue']) await mkdir(join(directory, name), { recursive: true })
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'it cannot be made'
    throw new GlimpseError('cache_unusable', { directory, reason }, { cause: error })
  }
  return new LocalCacheFolder(directory, locks)
}

class LocalCacheFolder implements CacheFolder {
  readonly #directory: string
  readonly #locks: FileLocks
  readonly #paths: CachePaths

  constructor(directory: string, locks: FileLocks) {
    this.#directory = directory
    this.#locks = locks
    this.#paths = {
      entry: (imageId) => join(directory, imageId),
      incomplete: (imageId) => join(directory, 'incomplete', imageId),
      invalid: (imageId) => join(directory, 'invalid', imageId),
      queued: (imageId) => join(directory, 'queue', imageId),
    }
  }

  entries(): Promise<CacheFile[]> {
    return listFiles(this.#directory)
  }

  async openEntry(imageId: string): Promise<CacheEntryFile | undefined> {
    if (!imageIdPattern.test(imageId)) return undefined
    const file = await openIfThere(this.#paths.entry(imageId), constants.O_RDONLY)
    if (file === undefined) return undefined
    // Who has it alone is about to finish or to remove it: what is open can be read all the same.
    await this.#locks.tryShare(file)
    const { size, ino, mtimeMs } = await file.stat()
    return { fd: file.fd, sizeBytes: size, generation: `${ino}.${mtimeMs}`, close: () => file.close() }
  }

  async removeEntry(imageId: string): Promise<boolean> {
    return imageIdPattern.test(imageId) && remove(this.#paths.entry(imageId))
  }

  async removeUnread(imageId: string): Promise<boolean> {
    return imageIdPattern.test(imageId) && this.#removeUnlocked(this.#paths.entry(imageId))
  }

  async removeFill(imageId: string): Promise<boolean> {
    return imageIdPattern.test(imageId) && remove(this.#paths.incomplete(imageId))
  }

  async openFill(imageId: string): Promise<FillFile> {
    if (!imageIdPattern.test(imageId)) throw new GlimpseError('image_not_found', { id: imageId })
    const path = this.#paths.incomplete(imageId)
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o640)
    return new CacheFillFile(file, { imageId, paths: this.#paths, locks: this.#locks })
  }

  async orphans(): Promise<CacheFile[]> {
    const found: CacheFile[] = []
    for (const entry of await listFiles(join(this.#directory, 'incomplete'))) {
      const file = await openIfThere(this.#paths.incomplete(entry.imageId), constants.O_RDONLY)
      if (file === undefined) continue
      if (await this.#locks.tryShare(file)) found.push(entry)
      await file.close()
    }
    return found.sort((a, b) => a.modifiedAt.getTime() - b.modifiedAt.getTime())
  }

  async removeOrphan(imageId: string): Promise<boolean> {
    return imageIdPattern.test(imageId) && this.#removeUnlocked(this.#paths.incomplete(imageId))
  }

  async removeInvalid(): Promise<number> {
    const files = await listFiles(join(this.#directory, 'invalid'))
    const removed = await Promise.all(files.map(({ imageId }) => remove(this.#paths.invalid(imageId))))
    return removed.filter((was) => was).length
  }

  async queued(): Promise<string[]> {
    const files = await listFiles(join(this.#directory, 'queue'))
    return files.sort((a, b) => a.modifiedAt.getTime() - b.modifiedAt.getTime()).map(({ imageId }) => imageId)
  }

  async enqueue(imageId: string): Promise<boolean> {
    if (!imageIdPattern.test(imageId)) return false
    try {
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL
      await (await open(this.#paths.queued(imageId), flags, 0o640)).close()
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
  }

  async dequeue(imageId: string): Promise<boolean> {
    return imageIdPattern.test(imageId) && remove(this.#paths.queued(imageId))
  }

  async alone<T>(kind: 'prefetch' | 'prune', work: () => Promise<T>): Promise<T | undefined> {
    const folder = await open(join(this.#directory, kind === 'prefetch' ? 'queue' : 'invalid'), constants.O_RDONLY)
    try {
      if (!(await this.#locks.tryLock(folder))) return undefined
      return await work()
    } finally {
      await folder.close()
    }
  }

  async #removeUnlocked(path: string): Promise<boolean> {
    const file = await openIfThere(path, constants.O_RDONLY)
    if (file === undefined) return false
    try {
      return (await this.#locks.tryLock(file)) && (await remove(path))
    } finally {
      await file.close()
    }
  }
}

async function listFiles(directory: string): Promise<CacheFile[]> {
  const found: CacheFile[] = []
  for (const name of await readdir(directory)) {
    if (!imageIdPattern.test(name)) continue
    const status = await stat(join(directory, name)).catch(() => undefined)
    if (status?.isFile()) found.push({ imageId: name, sizeBytes: status.size, modifiedAt: status.mtime })
  }
  return found
}

async function openIfThere(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function remove(path: string): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
