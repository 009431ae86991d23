import { setTimeout as sleep } from 'node:timers/promises'
import type { Image, ImageLocation } from '../../ports/image.ts'
import type { IdRange } from '../../ports/image-walk.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { DigestPool } from '../data/digest-pool.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { StepTools } from '../passes/program.ts'
import { type CheckOptions, checkBlob, type Fault } from './check-blob.ts'
import { auditKinds } from './kinds.ts'
import { Repair } from './repair.ts'

export interface ImageAuditOptions {
  readonly repositories: Pick<Repositories, 'images' | 'walk' | 'jobs' | 'audit'>
  readonly stores: StoreSet
  readonly digests: DigestPool
  readonly repairs: boolean
  /** `stuck_after` */
  readonly stuckAfterMs: number
  /** What looks wrong is looked at again after this: it may be a deletion under way. */
  readonly confirmMs: number
}

const pageSize = 200
/** Images that are looked at at the same time; fewer where data is read, which takes memory for each. */
const parallel = { asking: 8, reading: 2 } as const
const withData: readonly string[] = ['active', 'deactivated']
const arriving: readonly string[] = ['saving', 'importing']

interface Suspect {
  readonly image: Image
  /** Absent: it is about the image itself. */
  readonly location?: ImageLocation
  readonly fault: Fault
}

/** Looks at images, their rows and the blobs behind their locations. */
export class ImageAudit {
  readonly #options: ImageAuditOptions
  readonly #repair: Repair

  constructor(options: ImageAuditOptions) {
    this.#options = options
    this.#repair = new Repair(options)
  }

  async range(range: IdRange, tools: StepTools): Promise<void> {
    const { repositories } = this.#options
    const down = new Set<string>()
    for (let after: string | undefined; ; ) {
      const page = await repositories.walk.page(range, { after, limit: pageSize })
      await this.#images(page, { tools, down })
      if (page.length < pageSize) break
      after = page.at(-1)?.id
    }
    await this.#deleted(range, tools)
  }

  async one(id: string, tools: StepTools): Promise<void> {
    const image = await this.#options.repositories.images.get(id)
    if (image) await this.#images([image], { tools, down: new Set() })
  }

  /** @param state.down ids of stores that do not answer: they are not asked again in this step */
  async #images(images: readonly Image[], state: { tools: StepTools; down: Set<string> }): Promise<void> {
    const suspects: Suspect[] = []
    const queue = images.values()
    const work = async () => {
      for (const image of queue) {
        await state.tools.admit({ items: 1 })
        suspects.push(...(await this.#suspects(image, state)))
      }
    }
    const length = state.tools.scope.choices.digests === true ? parallel.reading : parallel.asking
    await Promise.all(Array.from({ length }, work))
    if (suspects.length === 0) return
    await sleep(this.#options.confirmMs, undefined, { signal: state.tools.signal }).catch(() => undefined)
    state.tools.signal.throwIfAborted()
    for (const suspect of suspects) await this.#confirm(suspect, state)
  }

  async #suspects(image: Image, state: { tools: StepTools; down: Set<string> }): Promise<Suspect[]> {
    const fault = state.tools.scope.storeId === null ? this.#rowFault(image) : undefined
    const suspects: Suspect[] = fault ? [{ image, fault }] : []
    if (!withData.includes(image.status)) return suspects
    for (const location of liveOf(image)) {
      const found = await this.#locationFault(image, location, state)
      if (found) suspects.push({ image, location, fault: found })
    }
    return suspects
  }

  #rowFault(image: Image): Fault | undefined {
    const { status, updatedAt } = image
    const live = liveOf(image)
    if (withData.includes(status) && live.length === 0) {
      return { kind: auditKinds.noLocation, detail: `the image is ${status} and has no location` }
    }
    if (status === 'queued' && live.length > 0) {
      return { kind: auditKinds.queuedWithData, detail: 'the image is queued and has a location in use' }
    }
    const ageMs = Date.now() - updatedAt.getTime()
    if (arriving.includes(status) && ageMs > this.#options.stuckAfterMs) {
      return { kind: auditKinds.stuck, detail: `${status} since ${updatedAt.toISOString()}` }
    }
    return undefined
  }

  async #locationFault(
    image: Image,
    location: ImageLocation,
    { tools, down }: { tools: StepTools; down: Set<string> },
  ): Promise<Fault | undefined> {
    const { stores, digests } = this.#options
    const { storeId, choices } = tools.scope
    const store = stores.forLocation(location.url, location.metadata)
    const name = store?.id ?? String(location.metadata.store ?? '')
    if ((storeId !== null && storeId !== name) || down.has(name)) return undefined
    if (!store) return { kind: auditKinds.storeUnknown, detail: 'no store of this configuration holds the location' }
    const options: CheckOptions = { digests, readsData: choices.digests === true, tools }
    const fault = await checkBlob({ image, location, store }, options)
    tools.count('locations')
    if (fault?.kind !== auditKinds.storeUnavailable) return fault
    if (!down.has(name)) await tools.see({ kind: fault.kind, storeId: name, detail: fault.detail })
    down.add(name)
    return undefined
  }

  /** What is still so, and is no matter of work under way, is found. */
  async #confirm({ image, location, fault }: Suspect, state: { tools: StepTools; down: Set<string> }): Promise<void> {
    const { repositories } = this.#options
    const current = await repositories.images.get(image.id)
    if (!current || current.status !== image.status) return
    if (!location) {
      const again = this.#rowFault(current)
      if (again?.kind !== fault.kind || (await repositories.jobs.openOf(image.id)).length > 0) return
      await state.tools.see({ kind: again.kind, imageId: image.id, detail: again.detail })
      return
    }
    const same = current.locations.find(({ id }) => id === location.id)
    const again = same && (await this.#locationFault(current, same, state))
    if (again) await this.#found(current, { location: same, fault: again }, state.tools)
  }

  async #found(
    image: Image,
    { location, fault }: { location: ImageLocation; fault: Fault },
    tools: StepTools,
  ): Promise<void> {
    const { stores, repairs } = this.#options
    const store = stores.forLocation(location.url, location.metadata)
    const storeId = store?.id ?? String(location.metadata.store ?? '')
    const key = { kind: fault.kind, imageId: image.id, storeId, locationId: location.id }
    const isRepairable = ([auditKinds.missing, auditKinds.size, auditKinds.corrupt] as const).some(
      (kind) => kind === fault.kind,
    )
    // Before the repair: a process that dies in it leaves word of what it found.
    const finding = await tools.see({ ...key, detail: fault.detail })
    if (!isRepairable || !repairs || tools.isDryRun) return
    const obstacle = await this.#repair.run(image, location, tools)
    if (obstacle !== undefined) {
      await tools.see({ ...key, detail: `${fault.detail}; not repaired: ${obstacle}` })
      return
    }
    await tools.settle(finding, 'repaired')
    tools.count('repaired')
  }

  /** Rows of deleted images that are still in use: with the row gone, the data is an orphan like others. */
  async #deleted(range: IdRange, tools: StepTools): Promise<void> {
    const { repositories, repairs, stores } = this.#options
    if (tools.scope.storeId !== null) return
    for (let after = 0; ; ) {
      const page = await repositories.audit.locationsOfDeleted(range, { after, limit: pageSize })
      for (const { id, imageId, url, metadata } of page) {
        const finding = await tools.see({
          kind: auditKinds.deletedWithData,
          imageId,
          storeId: stores.forLocation(url, metadata)?.id ?? null,
          locationId: id,
          detail: 'the image is deleted and has a location in use',
        })
        if (!repairs || tools.isDryRun || !(await repositories.audit.dropLocation(id))) continue
        await tools.settle(finding, 'repaired')
        tools.count('repaired')
      }
      if (page.length < pageSize) return
      after = page.at(-1)?.id ?? after
    }
  }
}

/** Others are still to come: that is the updater's matter. */
function liveOf({ locations }: Image): readonly ImageLocation[] {
  return locations.filter(({ status }) => status === 'active')
}
