import { hasCode } from '../../errors/error.ts'
import type { ImageFate } from '../../ports/audit.ts'
import type { BlobStore, ListedBlob } from '../../ports/blob-store.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { StepTools } from '../passes/program.ts'
import { reapKinds } from './kinds.ts'

export interface StagingReapOptions {
  readonly repositories: Pick<Repositories, 'audit' | 'jobs'>
  /** `staging_grace_time` */
  readonly graceMs: number
}

const pageSize = 500
/** Staged data is about to be imported, or is so just now. */
const staged: readonly string[] = ['uploading', 'importing']

/** Removes staged data that no import will take. */
export async function reapStaging(
  store: BlobStore,
  { tools, ...options }: StagingReapOptions & { tools: StepTools },
): Promise<void> {
  let page: ListedBlob[] = []
  for await (const blob of store.list?.({ prefix: tools.scope.imageId ?? '', signal: tools.signal }) ?? []) {
    if (page.push(blob) < pageSize) continue
    await reapPage(store, page, { ...options, tools })
    page = []
  }
  await reapPage(store, page, { ...options, tools })
}

async function reapPage(
  store: BlobStore,
  page: readonly ListedBlob[],
  { repositories, graceMs, tools }: StagingReapOptions & { tools: StepTools },
): Promise<void> {
  if (page.length === 0) return
  await tools.admit({ items: page.length })
  const fates = await repositories.audit.fates(page.map(({ key }) => key))
  for (const blob of page) {
    const fate = fates.get(blob.key)
    if (fate && !isOver(fate, graceMs)) continue
    if ((await repositories.jobs.openOf(blob.key)).length > 0) continue
    const detail = fate ? `the image is ${fate.status} and waits for no import` : 'the database knows no such image'
    const key = { kind: reapKinds.staging, imageId: blob.key, storeId: store.id }
    // Where nothing tells how old it is, passes do.
    if (tools.isDryRun || !fate) {
      const { passes, firstSeenAt } = await tools.see({ ...key, detail })
      if (tools.isDryRun || passes < 2 || Date.now() - firstSeenAt.getTime() < graceMs) continue
    }
    await store.delete?.(blob.url).catch((error: unknown) => {
      if (!hasCode(error, 'blob_not_found')) throw error
    })
    tools.count('staged_removed')
    if (!fate) await tools.settle(await tools.see({ ...key, detail }), 'repaired')
  }
}

function isOver({ status, deletedAt, updatedAt }: ImageFate, graceMs: number): boolean {
  return !staged.includes(status) && Date.now() - (deletedAt ?? updatedAt).getTime() >= graceMs
}
