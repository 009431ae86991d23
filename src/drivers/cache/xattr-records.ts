import { readdir, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { GlimpseError } from '../../errors/error.ts'
import type { CacheRecord, CacheRecords } from '../../ports/cache.ts'
import { type ExtendedAttributes, loadExtendedAttributes } from './xattr.ts'

const imageIdPattern = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i

/**
 * Records that lie with the files: hits in an attribute, times in those of the file.
 * @throws cache_unusable where files have no extended attributes
 * @see glance `image_cache/drivers/xattr.py`
 */
export async function openXattrRecords(directory: string): Promise<CacheRecords> {
  const attributes = await loadExtendedAttributes()
  const probe = join(directory, 'checkme')
  await writeFile(probe, 'XXX')
  const failure = attributes?.set(probe, 'hits', '1')
  await unlink(probe)
  if (attributes === undefined || failure !== 0) {
    const reason = 'its files cannot have extended attributes (user_xattr)'
    throw new GlimpseError('cache_unusable', { directory, reason })
  }
  return new XattrRecords(directory, attributes)
}

class XattrRecords implements CacheRecords {
  readonly #directory: string
  readonly #attributes: ExtendedAttributes

  constructor(directory: string, attributes: ExtendedAttributes) {
    this.#directory = directory
    this.#attributes = attributes
  }

  async list(): Promise<CacheRecord[]> {
    const names = (await readdir(this.#directory)).filter((name) => imageIdPattern.test(name)).sort()
    const records = await Promise.all(names.map((name) => this.get(name)))
    return records.filter((record) => record !== undefined)
  }

  async get(imageId: string): Promise<CacheRecord | undefined> {
    const path = join(this.#directory, imageId)
    const status = await stat(path).catch(() => undefined)
    if (!status?.isFile()) return undefined
    return {
      imageId,
      sizeBytes: status.size,
      hits: Number(this.#attributes.get(path, 'hits') ?? 0),
      lastAccessed: status.atime,
      lastModified: status.mtime,
      checksum: this.#attributes.get(path, 'checksum') ?? null,
    }
  }

  async add({ imageId, checksum }: Parameters<CacheRecords['add']>[0]): Promise<void> {
    const path = join(this.#directory, imageId)
    this.#attributes.set(path, 'hits', '0')
    if (checksum !== null) this.#attributes.set(path, 'checksum', checksum)
  }

  async hit(imageId: string, { count, at }: { count: number; at: Date }): Promise<void> {
    const path = join(this.#directory, imageId)
    const status = await stat(path).catch(() => undefined)
    if (!status) return
    this.#attributes.set(path, 'hits', String(Number(this.#attributes.get(path, 'hits') ?? 0) + count))
    await utimes(path, at, status.mtime)
  }

  /** They went with the file. */
  async remove(): Promise<void> {}

  async removeAll(): Promise<void> {}

  async nodesOf(): Promise<undefined> {}

  async close(): Promise<void> {}
}
