import { hasCode } from '../../errors/error.ts'
import type { Image, ImageLocation } from '../../ports/image.ts'
import type { HeldProperty, ImageChange, Repositories } from '../../ports/repositories.ts'
import { checkBlob } from '../audit/check-blob.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import type { StoreSet } from '../data/store-set.ts'
import { importingProperty, lockProperty } from '../import/bookkeeping.ts'
import type { StepTools } from '../passes/program.ts'
import { updateKinds } from './kinds.ts'

export interface UnfinishedOptions {
  readonly repositories: Pick<Repositories, 'images' | 'jobs' | 'tasks'>
  readonly stores: StoreSet
  readonly digests: DigestPool
  /** `stuck_after` */
  readonly stuckAfterMs: number
}

const arriving = ['saving', 'importing'] as const

/** Ends what nobody will end any more: uploads and imports whose process and job are gone. */
export class Unfinished {
  readonly #options: UnfinishedOptions

  constructor(options: UnfinishedOptions) {
    this.#options = options
  }

  async run(image: Image, tools: StepTools): Promise<void> {
    const isArriving = arriving.some((status) => status === image.status)
    const lock = image.properties[lockProperty] ?? null
    const pending = image.locations.filter(({ status }) => status !== 'active')
    if (!isArriving && lock === null && pending.length === 0) return
    if (!(await this.#isAbandoned(image, lock))) return
    if (isArriving) return this.#requeue(image, lock, tools)
    for (const location of pending) await this.#settle(image, location, tools)
    if (lock !== null) await this.#unlock(image, { name: lockProperty, value: lock }, tools)
  }

  /** Nothing has changed the image for long, and no job and no task is about it. */
  async #isAbandoned({ id, updatedAt }: Image, lock: string | null): Promise<boolean> {
    const { repositories, stuckAfterMs } = this.#options
    const isOld = (at: Date) => Date.now() - at.getTime() > stuckAfterMs
    if (!isOld(updatedAt) || (await repositories.jobs.openOf(id)).length > 0) return false
    if (lock === null) return true
    const task = await repositories.tasks.get(lock)
    return !task || task.status === 'success' || task.status === 'failure' || isOld(task.updatedAt)
  }

  /** The data goes first: no upload can begin before the image is queued. */
  async #requeue(image: Image, lock: string | null, tools: StepTools): Promise<void> {
    const { status, updatedAt, locations } = image
    const detail = `${status} since ${updatedAt.toISOString()} without a job: it is queued again`
    const finding = await tools.see({ kind: updateKinds.stuck, imageId: image.id, detail })
    if (tools.isDryRun) return
    if (locations.length === 0) await this.#removeBlobs(image.id, tools)
    const change: ImageChange = {
      fields: { status: 'queued', sizeBytes: null, virtualSizeBytes: null },
      removeProperties: [lockProperty, importingProperty],
      removeLocations: locations.map(({ id }) => ({ id, status: 'deleted' })),
    }
    const holding = lock === null ? undefined : { name: lockProperty, value: lock }
    if (!(await this.#change(image, change, holding))) return
    await tools.settle(finding, 'repaired')
    tools.count('images_requeued')
  }

  async #removeBlobs(id: string, { signal }: StepTools): Promise<void> {
    for (const { store } of this.#options.stores.list()) {
      for await (const { key, url } of store.list?.({ prefix: id, signal }) ?? []) {
        if (key === id) await store.delete?.(url, { signal })
      }
    }
  }

  /** A location whose data is whole counts from now on; another one goes, and what there is of its data is an orphan. */
  async #settle(image: Image, location: ImageLocation, tools: StepTools): Promise<void> {
    const { stores, digests } = this.#options
    const store = stores.forLocation(location.url, location.metadata)
    const options = { digests, readsData: true, tools }
    const fault = store ? await checkBlob({ image, location, store }, options) : { detail: 'there is no such store' }
    const outcome = fault ? `the location is removed: ${fault.detail}` : 'its data is whole, and counts'
    const finding = await tools.see({
      ...{ kind: updateKinds.location, imageId: image.id, locationId: location.id },
      storeId: store?.id ?? null,
      detail: `${location.status} since ${image.updatedAt.toISOString()}; ${outcome}`,
    })
    if (tools.isDryRun) return
    const { url, metadata } = location
    const change: ImageChange = {
      addLocations: fault ? [] : [{ url, metadata, status: 'active' }],
      removeLocations: [{ id: location.id, status: 'deleted' }],
    }
    if (!(await this.#change(image, change))) return
    await tools.settle(finding, 'repaired')
    tools.count('locations_settled')
  }

  async #unlock(image: Image, holding: HeldProperty, tools: StepTools): Promise<void> {
    const detail = `an import holds the image since ${image.updatedAt.toISOString()}, and is gone`
    const finding = await tools.see({ kind: updateKinds.lock, imageId: image.id, detail })
    if (tools.isDryRun) return
    if (!(await this.#change(image, { removeProperties: [lockProperty, importingProperty] }, holding))) return
    await tools.settle(finding, 'repaired')
    tools.count('images_unlocked')
  }

  /** @returns false if something else has changed the image meanwhile */
  async #change(image: Image, change: ImageChange, holding?: HeldProperty): Promise<boolean> {
    const options = { from: [image.status], ...(holding && { holding }) }
    try {
      await this.#options.repositories.images.update(image.id, change, options)
      return true
    } catch (error) {
      const isChanged = ['image_not_found', 'image_status_conflict', 'image_property_conflict'] as const
      if (isChanged.some((code) => hasCode(error, code))) return false
      throw error
    }
  }
}
