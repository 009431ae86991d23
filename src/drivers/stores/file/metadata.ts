import { readFile } from 'node:fs/promises'
import { GlimpseError } from '../../../errors/error.ts'

type Metadata = Readonly<Record<string, unknown>>

/** What the metadata file says, one entry per mount point. @see glance_store `filesystem.py` `_validate_metadata` */
export class MountMetadata {
  readonly #entries: readonly (Metadata & { mountpoint: string })[]

  private constructor(entries: readonly (Metadata & { mountpoint: string })[]) {
    this.#entries = entries
  }

  static readonly none = new MountMetadata([])

  /** @throws store_misconfigured if the file is missing, no JSON, or lacks `id` or `mountpoint` */
  static async read(path: string, storeId: string): Promise<MountMetadata> {
    try {
      const json: unknown = JSON.parse(await readFile(path, 'utf8'))
      return new MountMetadata((Array.isArray(json) ? json : [json]).map(checkEntry))
    } catch (cause) {
      const reason = `filesystem_store_metadata_file ${path}: ${cause instanceof Error ? cause.message : cause}`
      throw new GlimpseError('store_misconfigured', { store: storeId, reason }, { cause })
    }
  }

  /** Metadata of the first mount point that holds `path`. */
  for(path: string): Metadata {
    return this.#entries.find((entry) => path.startsWith(entry.mountpoint)) ?? {}
  }
}

function checkEntry(entry: unknown): Metadata & { mountpoint: string } {
  const { id, mountpoint } = (entry ?? {}) as { id?: unknown; mountpoint?: unknown }
  if (typeof id !== 'string' || typeof mountpoint !== 'string') {
    throw new Error('each entry needs the strings "id" and "mountpoint"')
  }
  return { ...(entry as Metadata), mountpoint }
}
