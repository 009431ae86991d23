import type { CacheFile, CacheFolder, CacheRecords } from '../../ports/cache.ts'
import type { Logger } from '../../ports/logger.ts'

export interface Pruned {
  readonly files: number
  readonly bytes: number
}

/**
 * Makes room down to `maxBytes`: what was begun and left goes first, then the least recently used entries. What somebody
 * reads or fills stays.
 * @see glance `image_cache/__init__.py` `prune`
 */
export async function prune({
  folder,
  records,
  maxBytes,
  log,
}: {
  folder: CacheFolder
  records: CacheRecords
  maxBytes: number
  log: Logger
}): Promise<Pruned> {
  const [entries, orphans] = [await folder.entries(), await folder.orphans()]
  let excessBytes = [...entries, ...orphans].reduce((sum, { sizeBytes }) => sum + sizeBytes, -maxBytes)
  if (excessBytes <= 0) return { files: 0, bytes: 0 }
  const usedAt = new Map((await records.list()).map(({ imageId, lastAccessed }) => [imageId, lastAccessed.getTime()]))
  const lastUse = ({ imageId, modifiedAt }: CacheFile) => usedAt.get(imageId) ?? modifiedAt.getTime()
  const removeEntry = async (imageId: string) => {
    const removed = await folder.removeUnread(imageId)
    if (removed) await records.remove(imageId)
    return removed
  }
  const candidates = [
    ...orphans.map((file) => ({ ...file, remove: (id: string) => folder.removeOrphan(id) })),
    ...entries.sort((a, b) => lastUse(a) - lastUse(b)).map((file) => ({ ...file, remove: removeEntry })),
  ]
  let [files, bytes] = [0, 0]
  for (const { imageId, sizeBytes, remove } of candidates) {
    if (excessBytes <= 0) break
    if (!(await remove(imageId))) continue
    excessBytes -= sizeBytes
    files += 1
    bytes += sizeBytes
  }
  log.info({ files, bytes }, 'the cache was pruned')
  return { files, bytes }
}
