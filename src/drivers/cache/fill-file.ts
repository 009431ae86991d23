import { type FileHandle, rename, stat, unlink } from 'node:fs/promises'
import type { FillFile, FillState } from '../../ports/cache.ts'
import { translateFileError } from '../stores/file/errors.ts'
import type { FileLocks } from '../stores/file/lock.ts'
import { writeFully } from '../stores/write-fully.ts'
import type { CachePaths } from './cache-folder.ts'

export interface FillFileOptions {
  readonly imageId: string
  readonly paths: CachePaths
  readonly locks: FileLocks
}

/**
 * An incomplete entry. Who fills it holds its lock alone; whoever gets the lock finds by the file's name what became of it.
 */
export class CacheFillFile implements FillFile {
  readonly #file: FileHandle
  readonly #options: FillFileOptions

  constructor(file: FileHandle, options: FillFileOptions) {
    this.#file = file
    this.#options = options
  }

  get fd(): number {
    return this.#file.fd
  }

  async claim(): Promise<FillState> {
    const { imageId, paths, locks } = this.#options
    const isFree = await locks.tryLock(this.#file)
    if (isFree && (await this.#isAt(paths.incomplete(imageId)))) return 'owned'
    if (await this.#isAt(paths.entry(imageId))) {
      // Those who read an entry share its lock.
      await locks.tryShare(this.#file)
      return 'complete'
    }
    return isFree ? 'gone' : 'filling'
  }

  async sizeBytes(): Promise<number> {
    return (await this.#file.stat()).size
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    return (await this.#file.read(target, 0, target.length, position)).bytesRead
  }

  async write(chunk: Uint8Array, position: number): Promise<void> {
    try {
      await writeFully(this.#file, chunk, position)
    } catch (error) {
      throw translateFileError(error, { storeId: 'cache', key: this.#options.imageId })
    }
  }

  async truncate(): Promise<void> {
    await this.#file.truncate(0)
  }

  async complete(): Promise<boolean> {
    const { imageId, paths, locks } = this.#options
    await this.#file.datasync()
    if (!(await this.#isAt(paths.incomplete(imageId)))) return false
    await rename(paths.incomplete(imageId), paths.entry(imageId))
    await locks.tryShare(this.#file)
    return true
  }

  async reject(): Promise<void> {
    const { imageId, paths } = this.#options
    if (await this.#isAt(paths.incomplete(imageId))) await rename(paths.incomplete(imageId), paths.invalid(imageId))
  }

  async discard(): Promise<void> {
    const { imageId, paths } = this.#options
    if (await this.#isAt(paths.incomplete(imageId))) await unlink(paths.incomplete(imageId))
  }

  release(): Promise<void> {
    return this.#options.locks.unlock(this.#file)
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async #isAt(path: string): Promise<boolean> {
    const [own, other] = await Promise.all([this.#file.stat(), stat(path).catch(() => undefined)])
    return other !== undefined && own.ino === other.ino && own.dev === other.dev
  }
}
