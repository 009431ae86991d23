import { setTimeout as sleep } from 'node:timers/promises'
import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { ImageFate, LocationRow } from '../../ports/audit.ts'
import type { BlobStore, ListedBlob } from '../../ports/blob-store.ts'
import type { Finding } from '../../ports/passes.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { StoreSet } from '../data/store-set.ts'
import { lockProperty } from '../import/bookkeeping.ts'
import type { StepTools } from '../passes/program.ts'
import { auditKinds } from './kinds.ts'
import type { orphanRemovals } from './options.ts'

export interface StoreAuditOptions {
  readonly repositories: Pick<Repositories, 'images' | 'jobs' | 'audit'>
  readonly stores: StoreSet
  readonly removal: (typeof orphanRemovals)[number]
  readonly graceMs: number
  /** What looks wrong is looked at again after this. */
  readonly confirmMs: number
}

const pageSize = 500
const scanSize = 1000
/** The data of an image that was deleted just now may still be on its way out. */
const longestDeletionMs = 900_000
/** In these the image may be getting the data just now. */
const inFlight: readonly string[] = ['queued', 'saving', 'uploading', 'importing']

type Listing = Required<Pick<BlobStore, 'list'>> & BlobStore

/** Looks for blobs that no image owns. */
export class StoreAudit {
  readonly #options: StoreAuditOptions

  constructor(options: StoreAuditOptions) {
    this.#options = options
  }

  /** Looks at the blobs whose names begin with `prefix`. */
  async run(store: Listing, prefix: string, tools: StepTools): Promise<void> {
    try {
      const candidates = await this.#candidates(store, prefix, tools)
      if (candidates.length === 0) return
      await sleep(this.#options.confirmMs, undefined, { signal: tools.signal }).catch(() => undefined)
      for (const blob of await this.#stillUnowned(store, candidates)) {
        tools.signal.throwIfAborted()
        await this.#orphan(store, blob, tools)
      }
    } catch (error) {
      tools.signal.throwIfAborted()
      if (!(error instanceof GlimpseError) || hasCode(error, 'database_unavailable')) throw error
      await tools.see({ kind: auditKinds.storeUnavailable, storeId: store.id, detail: error.message })
    }
  }

  async #candidates(store: Listing, prefix: string, tools: StepTools): Promise<ListedBlob[]> {
    const candidates: ListedBlob[] = []
    let page: ListedBlob[] = []
    for await (const blob of store.list({ prefix, signal: tools.signal })) {
      if (page.push(blob) < pageSize) continue
      candidates.push(...(await this.#unowned(store, page, tools)))
      page = []
    }
    candidates.push(...(await this.#unowned(store, page, tools)))
    return candidates
  }

  /** Those that are not simply the data of the image whose name they have. */
  async #unowned(store: BlobStore, page: readonly ListedBlob[], tools: StepTools): Promise<ListedBlob[]> {
    if (page.length === 0) return []
    await tools.admit({ items: page.length })
    const rows = await this.#options.repositories.audit.locationsOf(page.map(({ key }) => key))
    const owned = new Set(rows.filter((row) => this.#isIn(store, row)).map(({ imageId }) => imageId))
    return page.filter(({ key }) => !owned.has(key))
  }

  /** Those among them that no image of whatever name points to, and that no work under way may be about. */
  async #stillUnowned(store: BlobStore, blobs: readonly ListedBlob[]): Promise<readonly ListedBlob[]> {
    const { audit } = this.#options.repositories
    const left = new Map(blobs.map((blob) => [blob.key, blob]))
    for (let at = 0; at < blobs.length; at += pageSize) {
      const keys = blobs.slice(at, at + pageSize).map(({ key }) => key)
      const fates = await audit.fates(keys)
      for (const key of keys) if (await this.#isBusy(key, fates.get(key))) left.delete(key)
    }
    for (let after = 0; left.size > 0; ) {
      const page = await audit.locations({ after, limit: scanSize })
      for (const row of page) {
        for (const part of row.url.split(/[/?]/)) {
          const blob = left.get(part)
          if (blob && (this.#isIn(store, row) || bare(row.url) === bare(blob.url))) left.delete(part)
        }
      }
      if (page.length < scanSize) break
      after = page.at(-1)?.id ?? after
    }
    return [...left.values()]
  }

  async #isBusy(key: string, fate: ImageFate | undefined): Promise<boolean> {
    const { repositories, graceMs } = this.#options
    if ((await repositories.jobs.openOf(key)).length > 0) return true
    if (!fate) return false
    if (fate.status === 'pending_delete') return true
    if (fate.isDeleted) {
      const agoMs = Date.now() - (fate.deletedAt ?? fate.updatedAt).getTime()
      return agoMs < Math.min(graceMs, longestDeletionMs)
    }
    if (inFlight.includes(fate.status)) return true
    return Boolean((await repositories.images.get(key))?.properties[lockProperty])
  }

  /** The row speaks of data in that store. */
  #isIn(store: BlobStore, { url, metadata }: LocationRow): boolean {
    return this.#options.stores.forLocation(url, metadata)?.id === store.id
  }

  async #orphan(store: BlobStore, blob: ListedBlob, tools: StepTools): Promise<void> {
    const { repositories } = this.#options
    if (!(await exists(store, blob))) return
    const fate = (await repositories.audit.fates([blob.key])).get(blob.key)
    const detail = `${describe(fate)}; ${this.#prospect(fate)}`
    const key = { kind: auditKinds.orphan, imageId: blob.key, storeId: store.id, subject: bare(blob.url) }
    const finding = await tools.see({ ...key, detail })
    if (!this.#mayRemove(finding, fate) || tools.isDryRun || !store.delete) return
    // Right before the removal: it may be an image's again.
    if ((await this.#stillUnowned(store, [blob])).length === 0) return
    try {
      await store.delete(blob.url, { signal: tools.signal })
    } catch (error) {
      if (hasCode(error, 'blob_in_use') || hasCode(error, 'storage_write_denied')) {
        await tools.see({ ...key, detail: `${describe(fate)}; not removed: ${error.message}` })
        return
      }
      if (!hasCode(error, 'blob_not_found')) throw error
    }
    await tools.settle(finding, 'repaired')
    tools.count('removed')
  }

  #mayRemove({ passes, firstSeenAt }: Finding, fate: ImageFate | undefined): boolean {
    const { graceMs } = this.#options
    return this.#isRemovable(fate) && passes >= 2 && Date.now() - firstSeenAt.getTime() >= graceMs
  }

  #isRemovable(fate: ImageFate | undefined): boolean {
    const { removal } = this.#options
    return removal === 'all' || (removal === 'known' && fate !== undefined)
  }

  #prospect(fate: ImageFate | undefined): string {
    return this.#isRemovable(fate) ? 'it is removed after orphan_grace_time' : 'orphan_removal leaves it'
  }
}

function describe(fate: ImageFate | undefined): string {
  if (!fate) return 'the database knows no image of that id'
  return fate.isDeleted ? `the image is deleted` : `the image is ${fate.status} and has no location in that store`
}

async function exists(store: BlobStore, { url }: ListedBlob): Promise<boolean> {
  try {
    await store.size(url)
    return true
  } catch (error) {
    if (hasCode(error, 'blob_not_found')) return false
    throw error
  }
}

/** Without what may be a login: it is no part of the place, and no finding shows it. */
function bare(url: string): string {
  return url.replace(/^([a-z0-9+]+:\/\/)[^@]*@/i, '$1')
}
