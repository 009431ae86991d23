import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import type { ImageRepository } from '../../ports/repositories.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { PropertyProtections } from '../protections/property-protections.ts'
import type { ProjectQuotas } from '../quota/project-quotas.ts'
import type { DataReaders } from './data-readers.ts'
import { ImageDraft } from './draft.ts'
import { isField } from './fields.ts'
import type { ImageFinder } from './find.ts'
import type { Quotas } from './limits.ts'
import type { LocationChanges } from './locations.ts'
import { shownTo } from './show.ts'

/** One operation of a patch; its path is checked and its value fits the schema. */
export type PatchOperation =
  | {
      readonly op: 'add' | 'replace'
      readonly path: readonly string[]
      readonly value: unknown
      /** `add` fails if there is such a property; the older of the two dialects. */
      readonly strict: boolean
    }
  | { readonly op: 'remove'; readonly path: readonly string[] }

interface Step {
  readonly context: RequestContext
  readonly image: Image
  readonly draft: ImageDraft
}

export interface PatchDependencies {
  readonly finder: ImageFinder
  readonly access: ImageAccess
  readonly quotas: Quotas
  readonly locations: LocationChanges
  readonly projectQuotas: ProjectQuotas
  readonly readers: DataReaders
  /** Undefined: properties are not protected. */
  readonly protections: PropertyProtections | undefined
}

/** Changes images, all operations of a patch or none. @see glance `api/v2/images.py` `update` */
export class PatchImage {
  readonly #images: ImageRepository
  readonly #deps: PatchDependencies

  constructor(images: ImageRepository, deps: PatchDependencies) {
    this.#images = images
    this.#deps = deps
  }

  /**
   * @returns the image as it is then
   * @throws image_not_found, forbidden, property_present, property_missing, property_not_removable, quota_exceeded,
   * bad_request, image_status_conflict, property_reserved, storage_quota_full
   */
  async run(
    context: RequestContext,
    { id, operations }: { id: string; operations: readonly PatchOperation[] },
  ): Promise<Image> {
    const image = await this.#deps.finder.find(context, id)
    const draft = new ImageDraft(image, this.#deps.quotas)
    const step = { context, image, draft }
    for (const operation of operations) {
      if (operation.path[0] === 'locations') await this.#changeLocations(step, operation)
      else await this.#changeProperty(step, operation)
    }
    if (operations.length === 0) return shownTo(context, image, this.#deps)
    requireOwn(context, image)
    const changed = await this.#update(draft)
    await this.#deps.locations.removeData(context, { image, locations: draft.removedLocations })
    const movesReaders =
      changed.visibility !== image.visibility || operations.some(({ path }) => path[0] === 'locations')
    if (movesReaders) await this.#deps.readers.update(context, changed)
    return shownTo(context, changed, this.#deps)
  }

  /** New locations count for the quota of the project. */
  async #update(draft: ImageDraft): Promise<Image> {
    const { image, addedBytes } = draft
    const change = draft.toChange(this.#deps.locations.removedStatus)
    const options = draft.fromStatuses ? { from: draft.fromStatuses } : {}
    if (addedBytes === 0) return this.#images.update(image.id, change, options)
    await using reservation = await this.#deps.projectQuotas.reserve(image.owner, { image_size_total: addedBytes })
    return await reservation.settle('image_size_total', (settles) =>
      this.#images.update(image.id, change, { ...options, settles }),
    )
  }

  async #changeProperty({ context, image, draft }: Step, operation: PatchOperation): Promise<void> {
    const name = operation.path[0] as string
    const { access, protections } = this.#deps
    const moved =
      name === 'owner' && (operation.op === 'replace' || (operation.op === 'add' && operation.value !== image.owner))
    if (moved && !context.isAdmin) {
      throw new GlimpseError('forbidden', { reason: "Owner can't be updated by non admin." })
    }
    if (name === 'visibility' && operation.op !== 'remove') {
      await access.setVisibility(context, image, { visibility: String(operation.value) })
    } else {
      await access.modify(context, image)
    }
    const field = isField(name)
    // A property that the caller cannot read is not there for him.
    const present =
      field || (draft.hasProperty(name) && ((await protections?.allows(context, { name, action: 'read' })) ?? true))
    if (operation.op === 'remove') {
      if (field) throw new GlimpseError('property_not_removable', { name })
      if (!present) throw new GlimpseError('property_missing', { name })
      await protections?.require(context, { name, action: 'delete' })
      draft.removeProperty(name)
      return
    }
    if (operation.op === 'replace' && !present) throw new GlimpseError('property_missing', { name })
    if (operation.op === 'add' && present && operation.strict) throw new GlimpseError('property_present', { name })
    if (field) return draft.setField(name, operation.value)
    await protections?.require(context, { name, action: present ? 'update' : 'create' })
    draft.setProperty(name, operation.value as string | null)
  }

  async #changeLocations({ context, image, draft }: Step, operation: PatchOperation): Promise<void> {
    const { access, locations } = this.#deps
    if (operation.op === 'remove') {
      await access.deleteLocations(context, image)
      locations.remove(draft, operation.path[1] as string)
    } else if (operation.op === 'add') {
      await access.setLocations(context, image)
      await locations.add(draft, { position: operation.path[1] as string, value: operation.value, context })
    } else {
      const { value } = operation
      if (!Array.isArray(value) || value.length === 0) {
        throw new GlimpseError('forbidden', { reason: 'Cannot set locations to empty list.' })
      }
      await access.setLocations(context, image)
      await locations.replace(draft, { value, context })
    }
  }
}

/** Images are changed by their owners, whatever the policy says. @see glance `_check_mutate_authorization` */
function requireOwn(context: RequestContext, image: Image): void {
  if (context.isAdmin || (image.owner !== null && image.owner === context.projectId)) return
  throw new GlimpseError('forbidden', { reason: 'You do not own this image.' })
}
