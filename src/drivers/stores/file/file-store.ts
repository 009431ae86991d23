import { access, open, opendir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { GlimpseError } from '../../../errors/error.ts'
import {
  type AbandonedWrite,
  type BegunWrite,
  type BlobStore,
  type BlobWriter,
  type ByteRange,
  imageIdPattern,
  type ListedBlob,
  type LocalBlob,
} from '../../../ports/blob-store.ts'
import { chooseDataDir, type DataDir, parseDataDirs, prepareDataDir } from './datadirs.ts'
import { translateFileError } from './errors.ts'
import { readExactly } from './file-reader.ts'
import { FileWriter, type FlushSlot, unlinkIfThere } from './file-writer.ts'
import { type FileLocks, loadFileLocks } from './lock.ts'
import { MountMetadata } from './metadata.ts'
import type { FileStoreConfig } from './options.ts'
import { createTemporary, findAbandoned, readBootMark } from './temporary.ts'

const schemes = ['file', 'filesystem'] as const
const readBytes = 512 * 1024

/**
 * Opens the store: checks the options, makes the directories, reads the metadata file.
 * @throws store_misconfigured
 * @see glance_store `_drivers/filesystem.py`
 */
export async function openFileStore(id: string, config: FileStoreConfig): Promise<FileStore> {
  const dirs = parseDataDirs(config, id)
  const permissions = parsePermissions(config.filesystem_store_file_perm, id)
  for (const { path } of dirs) await prepareDataDir(path, { storeId: id, permissions })
  const metadataPath = config.filesystem_store_metadata_file
  return new FileStore(id, {
    dirs,
    permissions,
    holeBytes: config.filesystem_thin_provisioning ? config.filesystem_store_chunk_size : null,
    metadata: metadataPath === null ? MountMetadata.none : await MountMetadata.read(metadataPath, id),
    locks: await loadFileLocks(),
    bootMark: await readBootMark(),
  })
}

interface FileStoreSetup {
  readonly dirs: readonly DataDir[]
  readonly permissions: number
  readonly holeBytes: number | null
  readonly metadata: MountMetadata
  readonly locks: FileLocks | undefined
  readonly bootMark: string | undefined
}

export class FileStore implements BlobStore {
  readonly id: string
  readonly schemes = schemes
  readonly capabilities = { randomRead: true } as const
  readonly #setup: FileStoreSetup
  readonly #flushes: FlushSlot = { isTaken: false }

  constructor(id: string, setup: FileStoreSetup) {
    this.id = id
    this.#setup = setup
  }

  async create(key: string, options: { sizeBytes: number | null }): Promise<BlobWriter> {
    const { dirs, locks, bootMark, permissions, holeBytes, metadata } = this.#setup
    const directory = await chooseDataDir(dirs, { sizeBytes: options.sizeBytes ?? 0, storeId: this.id })
    if (await exists(join(directory, key))) throw new GlimpseError('blob_exists', { key })
    try {
      const temporary = await createTemporary(directory, { key, locks, bootMark })
      return new FileWriter(temporary, {
        storeId: this.id,
        key,
        directory,
        permissions,
        holeBytes,
        metadata,
        flushes: this.#flushes,
      })
    } catch (error) {
      throw translateFileError(error, { storeId: this.id, key })
    }
  }

  async open(url: string, options: { range?: ByteRange; signal?: AbortSignal }): Promise<Readable> {
    const path = this.#pathOf(url)
    try {
      const file = await open(path, 'r')
      return await readExactly(file, { ...options, storeId: this.id })
    } catch (error) {
      throw this.#translate(error, path)
    }
  }

  async openFile(url: string): Promise<LocalBlob> {
    const path = this.#pathOf(url)
    try {
      const file = await open(path, 'r')
      return { fd: file.fd, sizeBytes: (await file.stat()).size, close: () => file.close() }
    } catch (error) {
      throw this.#translate(error, path)
    }
  }

  async size(url: string): Promise<number> {
    const path = this.#pathOf(url)
    try {
      return (await stat(path)).size
    } catch (error) {
      throw this.#translate(error, path)
    }
  }

  async delete(url: string): Promise<void> {
    const path = this.#pathOf(url)
    try {
      await unlink(path)
    } catch (error) {
      throw this.#translate(error, path)
    }
  }

  async *abandoned(): AsyncGenerator<AbandonedWrite, void, undefined> {
    const { locks, bootMark } = this.#setup
    if (locks) yield* findAbandoned(this.#directories, { locks, bootMark })
  }

  async begun(key: string): Promise<BegunWrite | undefined> {
    const { locks, bootMark } = this.#setup
    let longest: BegunWrite | undefined
    if (locks === undefined) return undefined
    for await (const { file, isWhole, ...write } of findAbandoned(this.#directories, { locks, bootMark, only: key })) {
      const sizeBytes = isWhole ? (await file.stat()).size : 0
      const isLongest = sizeBytes > (longest?.sizeBytes ?? 0)
      await (isLongest ? longest : write)?.release()
      if (!isLongest) continue
      const open = ({ lengthBytes }: { lengthBytes: number }) =>
        file.createReadStream({ start: 0, end: lengthBytes - 1, autoClose: false, highWaterMark: readBytes })
      longest = { sizeBytes, open, discard: write.discard, release: write.release }
    }
    return longest
  }

  async clear(key: string): Promise<void> {
    const { locks, bootMark } = this.#setup
    try {
      const left = locks === undefined ? [] : findAbandoned(this.#directories, { locks, bootMark, only: key })
      for await (const write of left) await write.discard()
      for (const directory of this.#directories) await unlinkIfThere(join(directory, key))
    } catch (error) {
      throw translateFileError(error, { storeId: this.id, key })
    }
  }

  async *list({ prefix }: { prefix: string }): AsyncGenerator<ListedBlob, void, undefined> {
    for (const { path } of this.#setup.dirs) {
      try {
        for await (const { name } of await opendir(path, { bufferSize: 512 })) {
          if (name.startsWith(prefix) && imageIdPattern.test(name))
            yield { key: name, url: `file://${join(path, name)}` }
        }
      } catch (cause) {
        const reason = (cause as NodeJS.ErrnoException).code ?? 'a directory cannot be read'
        throw new GlimpseError('store_unavailable', { store: this.id, reason }, { cause })
      }
    }
  }

  owns(url: string): boolean {
    const path = /^(?:file|filesystem):\/\/(.+)$/s.exec(url)?.[1] ?? ''
    return this.#setup.dirs.some((directory) => path.startsWith(`${directory.path.replace(/\/+$/, '')}/`))
  }

  async close(): Promise<void> {}

  get #directories(): string[] {
    return this.#setup.dirs.map(({ path }) => path)
  }

  #pathOf(url: string): string {
    const path = /^(?:file|filesystem):\/\/(.+)$/s.exec(url)?.[1]?.trim()
    if (path === undefined || path === '') throw new GlimpseError('blob_not_found', { store: this.id })
    return path
  }

  #translate(error: unknown, path: string): unknown {
    return translateFileError(error, { storeId: this.id, key: path.slice(path.lastIndexOf('/') + 1) })
  }
}

function parsePermissions(value: number, storeId: string): number {
  if (value <= 0) return 0
  const mode = /^[0-7]+$/.test(String(value)) ? Number.parseInt(String(value), 8) : 0
  if ((mode & 0o400) === 0) {
    const reason = `filesystem_store_file_perm = ${value} would make image files unreadable for the service`
    throw new GlimpseError('store_misconfigured', { store: storeId, reason })
  }
  return mode & 0o7777
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
