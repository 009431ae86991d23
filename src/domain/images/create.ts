import { randomUUID } from 'node:crypto'
import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, Visibility } from '../../ports/image.ts'
import type { ImageRepository, NewImage } from '../../ports/repositories.ts'
import type { ImageAccess } from '../policy/image-access.ts'
import type { PropertyProtections } from '../protections/property-protections.ts'
import type { ProjectQuotas } from '../quota/project-quotas.ts'
import {
  countProperties,
  type Quotas,
  requireBasicPlane,
  requireProperty,
  requireQuota,
  requireSize,
} from './limits.ts'
import { isReserved, readOnlyOnCreate, reservedOnCreate } from './reserved.ts'

/** What a caller says of a new image; its fields have the types that the schema asks for. */
export interface NewImageRequest {
  readonly id?: string
  readonly name?: string | null
  readonly visibility?: Visibility
  readonly diskFormat?: string | null
  readonly containerFormat?: string | null
  readonly minDiskGib?: number
  readonly minRamMib?: number
  readonly protected?: boolean
  readonly osHidden?: boolean
  /** Absent: the caller's project. */
  readonly owner?: string | null
  readonly tags: readonly string[]
  readonly properties: Readonly<Record<string, string | null>>
  /** Names of fields that no caller may set; any of them refuses the image. */
  readonly readOnly: readonly string[]
}

function requireStorable(request: NewImageRequest, quotas: Quotas): void {
  requireQuota(quotas, { tags: new Set(request.tags).size })
  const names = Object.keys(request.properties)
  for (const name of readOnlyOnCreate) {
    if (request.readOnly.includes(name)) throw new GlimpseError('property_read_only', { name })
  }
  for (const name of names) {
    if (reservedOnCreate.has(name)) throw new GlimpseError('property_reserved', { name })
  }
  requireSize('min_disk', request.minDiskGib ?? 0)
  requireSize('min_ram', request.minRamMib ?? 0)
  requireQuota(quotas, { properties: countProperties(names) })
  requireBasicPlane(request.name ?? '', 'Name')
  requireBasicPlane(request.owner ?? '', 'Owner')
  for (const tag of request.tags) requireBasicPlane(tag, 'Tags')
  for (const [name, value] of Object.entries(request.properties)) requireProperty(name, value)
}

export interface CreateDependencies {
  readonly access: ImageAccess
  readonly quotas: Quotas
  readonly projectQuotas: ProjectQuotas
  /** Undefined: properties are not protected. */
  readonly protections: PropertyProtections | undefined
}

/** Makes images without data. @see glance `api/v2/images.py` `create`, `domain/__init__.py` `ImageFactory` */
export class CreateImage {
  readonly #images: ImageRepository
  readonly #deps: CreateDependencies

  constructor(images: ImageRepository, deps: CreateDependencies) {
    this.#images = images
    this.#deps = deps
  }

  /**
   * @returns the image, in status `queued`, with the properties that the caller may read
   * @throws forbidden, property_read_only, property_reserved, quota_exceeded, limit_exceeded, bad_request,
   * image_id_taken
   */
  async run(context: RequestContext, request: NewImageRequest): Promise<Image> {
    const { access, quotas, projectQuotas, protections } = this.#deps
    const names = Object.keys(request.properties)
    for (const name of names) {
      if (isReserved(name)) throw new GlimpseError('property_reserved', { name })
    }
    const owner = request.owner === undefined ? context.projectId : request.owner
    await access.create(context, {
      owner,
      ...(request.visibility === undefined ? {} : { visibility: request.visibility }),
    })
    if (protections) for (const name of names) await protections.require(context, { name, action: 'create' })
    requireStorable(request, quotas)
    await using reservation = await projectQuotas.reserve(owner || null, { image_count_total: 1 })
    const fresh: NewImage = {
      id: request.id ?? randomUUID(),
      status: 'queued',
      name: request.name ?? null,
      visibility: request.visibility ?? 'shared',
      diskFormat: request.diskFormat ?? null,
      containerFormat: request.containerFormat ?? null,
      minDiskGib: request.minDiskGib ?? 0,
      minRamMib: request.minRamMib ?? 0,
      protected: request.protected ?? false,
      osHidden: request.osHidden ?? false,
      owner: owner || null,
      tags: [...new Set(request.tags)],
      properties: request.properties,
    }
    const image = await reservation.settle('image_count_total', (settles) => this.#images.create(fresh, { settles }))
    return protections ? protections.readable(context, image) : image
  }
}
