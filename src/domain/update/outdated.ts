import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { BlobStore } from '../../ports/blob-store.ts'
import type { Image, ImageLocation, NewImageLocation } from '../../ports/image.ts'
import type { Repositories } from '../../ports/repositories.ts'
import type { StoreSet } from '../data/store-set.ts'
import type { StepTools } from '../passes/program.ts'
import { updateKinds } from './kinds.ts'

export interface OutdatedOptions {
  readonly repositories: Pick<Repositories, 'images'>
  readonly stores: StoreSet
  /** `url_prefixes` */
  readonly prefixes: readonly { readonly old: string; readonly new: string }[]
}

interface Place {
  readonly store: BlobStore
  readonly location: NewImageLocation
}

/** @throws bad_request if one of them is not two texts */
export function readPrefixes(texts: readonly string[]): { old: string; new: string }[] {
  return texts.map((text) => {
    const [old, next, ...more] = text.trim().split(/\s+/)
    if (!old || !next || more.length > 0) {
      throw new GlimpseError('bad_request', { reason: `url_prefixes: expected an old and a new begin, not ${text}` })
    }
    return { old, new: next }
  })
}

/**
 * Writes locations as the configuration would write them today: after a store was renamed or moved, its credentials have
 * changed, or one store became several. Only where the data is found.
 * @see glance `common/store_utils.py` `update_store_in_locations`
 */
export class Outdated {
  readonly #options: OutdatedOptions

  constructor(options: OutdatedOptions) {
    this.#options = options
  }

  async run(image: Image, tools: StepTools): Promise<void> {
    if (image.status !== 'active' && image.status !== 'deactivated') return
    for (const location of image.locations) {
      const place = location.status === 'active' ? this.#placeOf(location) : undefined
      if (!place || isSame(location, place.location)) continue
      const obstacle = await this.#obstacle(image, place, tools)
      const outcome = obstacle === undefined ? 'it is written anew' : `it stays: ${obstacle}`
      const finding = await tools.see({
        ...{ kind: updateKinds.url, imageId: image.id, storeId: place.store.id, locationId: location.id },
        detail: `the configuration would write the location another way; ${outcome}`,
      })
      if (obstacle !== undefined || tools.isDryRun) continue
      await this.#replace(image, location, place.location)
      await tools.settle(finding, 'repaired')
      tools.count('locations_updated')
    }
  }

  #placeOf({ url, metadata, status }: ImageLocation): Place | undefined {
    const { stores, prefixes } = this.#options
    const prefix = prefixes.find(({ old }) => url.startsWith(old))
    const moved = prefix ? prefix.new + url.slice(prefix.old.length) : url
    const store = stores.forLocation(moved, metadata)
    if (!store) return undefined
    const current = store.currentUrl?.(moved) ?? moved
    const isNamed = !stores.multiple || stores.list().some((entry) => entry.store.id === metadata.store)
    const speakers = stores.list().filter((entry) => entry.store.schemes.includes(current.split(':')[0] ?? ''))
    // Of several stores that could hold it, one must say that it does.
    const isCertain = store.owns?.(current) === true || speakers.length === 1
    if (!isNamed && !isCertain) return { store, location: { url: current, metadata, status } }
    return {
      store,
      location: { url: current, metadata: isNamed ? metadata : { ...metadata, store: store.id }, status },
    }
  }

  async #obstacle(image: Image, { store, location }: Place, { signal }: StepTools): Promise<string | undefined> {
    try {
      const sizeBytes = await store.size(location.url, { signal })
      return sizeBytes === image.sizeBytes ? undefined : `the data there has ${sizeBytes} bytes`
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof GlimpseError)) throw error
      return error.message
    }
  }

  async #replace({ id, status }: Image, old: ImageLocation, next: NewImageLocation): Promise<void> {
    const change = { addLocations: [next], removeLocations: [{ id: old.id, status: 'deleted' }] }
    await this.#options.repositories.images.update(id, change, { from: [status] }).catch((error: unknown) => {
      if (!hasCode(error, 'image_not_found') && !hasCode(error, 'image_status_conflict')) throw error
    })
  }
}

function isSame(a: ImageLocation, b: NewImageLocation): boolean {
  return a.url === b.url && a.metadata.store === b.metadata.store
}
