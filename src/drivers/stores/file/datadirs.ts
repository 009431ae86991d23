import { constants } from 'node:fs'
import { access, chmod, mkdir, stat, statfs } from 'node:fs/promises'
import { GlimpseError } from '../../../errors/error.ts'
import type { FileStoreConfig } from './options.ts'
import { fileStoreOptions } from './options.ts'

export interface DataDir {
  readonly path: string
  readonly priority: number
}

/**
 * The directories that the options name, highest priority first.
 * @throws config_invalid
 * @see glance_store `filesystem.py` `configure_add`
 */
export function parseDataDirs(config: FileStoreConfig, storeId: string): DataDir[] {
  const fault = (reason: string) => new GlimpseError('store_misconfigured', { store: storeId, reason })
  const single = config.filesystem_store_datadir
  const several = config.filesystem_store_datadirs
  if (several.length === 0) {
    if (single === '') throw fault('set filesystem_store_datadir or filesystem_store_datadirs')
    return [{ path: single, priority: 0 }]
  }
  if (single !== '' && single !== fileStoreOptions.filesystem_store_datadir.default) {
    throw fault('set either filesystem_store_datadir or filesystem_store_datadirs, not both')
  }
  const dirs = new Map<string, DataDir>()
  for (const text of several) {
    const dir = parseDataDir(text, fault)
    const known = dirs.get(dir.path)
    if (known !== undefined && known.priority !== dir.priority) {
      throw fault(`${dir.path} stands in filesystem_store_datadirs with two priorities`)
    }
    dirs.set(dir.path, dir)
  }
  return [...dirs.values()].sort((a, b) => b.priority - a.priority)
}

function parseDataDir(text: string, fault: (reason: string) => Error): DataDir {
  const colon = text.lastIndexOf(':')
  const path = (colon < 0 ? text : text.slice(0, colon)).trim()
  const priority = colon < 0 ? '' : text.slice(colon + 1).trim()
  if (path === '') throw fault(`filesystem_store_datadirs = ${text}: the directory is missing`)
  if (!/^[+-]?\d*$/.test(priority)) throw fault(`filesystem_store_datadirs = ${text}: ${priority} is no priority`)
  return { path, priority: Number(priority) }
}

/**
 * Makes the directory if need be and lets those through whom `permissions` (0: untouched) allow to read its files.
 * @throws store_misconfigured if it cannot be made or written to
 */
export async function prepareDataDir(path: string, options: { storeId: string; permissions: number }): Promise<void> {
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK)
  } catch (cause) {
    const reason = `${path} cannot be made or written to`
    throw new GlimpseError('store_misconfigured', { store: options.storeId, reason }, { cause })
  }
  const { permissions } = options
  if (permissions <= 0) return
  const { mode } = await stat(path)
  const wanted = mode | (permissions & 0o007 ? 0o001 : 0) | (permissions & 0o070 ? 0o010 : 0)
  // Only the owner may change the mode; a directory that another user prepared stays as he wants it.
  if (wanted !== mode) await chmod(path, wanted & 0o7777).catch(() => undefined)
}

/**
 * The directory to fill next: the highest priority with room for `sizeBytes`, among equals the one with most room.
 * @throws storage_full
 */
export async function chooseDataDir(
  dirs: readonly DataDir[],
  options: { sizeBytes: number; storeId: string },
): Promise<string> {
  const [only] = dirs
  if (dirs.length === 1 && only !== undefined) return only.path
  let best: { dir: DataDir; freeBytes: number } | undefined
  for (const dir of dirs) {
    if (best !== undefined && best.dir.priority > dir.priority) break
    const { bavail, bsize } = await statfs(dir.path)
    const freeBytes = bavail * bsize
    if (freeBytes >= options.sizeBytes && freeBytes > (best?.freeBytes ?? 0)) best = { dir, freeBytes }
  }
  if (best === undefined) throw new GlimpseError('storage_full', { store: options.storeId })
  return best.dir.path
}
