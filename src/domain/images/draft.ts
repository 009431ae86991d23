import { GlimpseError } from '../../errors/error.ts'
import type { Image, ImageFields, ImageLocation, ImageStatus, NewImageLocation } from '../../ports/image.ts'
import type { ImageChange } from '../../ports/repositories.ts'
import { type FieldName, fieldNames } from './fields.ts'
import {
  countProperties,
  type Quotas,
  requireBasicPlane,
  requireProperty,
  requireQuota,
  requireSize,
} from './limits.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

const openStatuses: ReadonlySet<ImageStatus> = new Set(['queued', 'importing'])

function requireSettable(image: Image, { name, value }: { name: FieldName; value: unknown }): void {
  if ((name === 'disk_format' || name === 'container_format') && !openStatuses.has(image.status)) {
    throw new GlimpseError('forbidden', { reason: `Attribute ${name} can be only replaced for a queued image.` })
  }
  if (name === 'min_disk' || name === 'min_ram') requireSize(name, value as number)
  if (typeof value === 'string') requireBasicPlane(value, name)
}

function isStored(location: ImageLocation | NewImageLocation): location is ImageLocation {
  return 'id' in location
}

/** An image while a patch is applied to it: what the image was, and what is to change. */
export class ImageDraft {
  readonly image: Image
  /** Their data goes with them. */
  readonly removedLocations: ImageLocation[] = []
  readonly #superseded: ImageLocation[] = []
  readonly #locations: (ImageLocation | NewImageLocation)[]
  readonly #quotas: Quotas
  readonly #fields: Mutable<Partial<ImageFields>> = {}
  readonly #set = new Map<string, string | null>()
  readonly #removed = new Set<string>()
  #tags: readonly string[] | undefined

  constructor(image: Image, quotas: Quotas) {
    this.image = image
    this.#locations = [...image.locations]
    this.#quotas = quotas
  }

  hasProperty(name: string): boolean {
    return this.#set.has(name) || (Object.hasOwn(this.image.properties, name) && !this.#removed.has(name))
  }

  setProperty(name: string, value: string | null): void {
    requireProperty(name, value)
    this.#removed.delete(name)
    this.#set.set(name, value)
  }

  removeProperty(name: string): void {
    this.#set.delete(name)
    if (Object.hasOwn(this.image.properties, name)) this.#removed.add(name)
  }

  /** @throws forbidden, bad_request, quota_exceeded */
  setField(name: FieldName, value: unknown): void {
    requireSettable(this.image, { name, value })
    if (name === 'tags') {
      const tags = [...new Set(value as readonly string[])]
      requireQuota(this.#quotas, { tags: tags.length })
      for (const tag of tags) requireBasicPlane(tag, 'Tags')
      this.#tags = tags
      return
    }
    Object.assign(this.#fields, { [fieldNames[name]]: name === 'owner' && value === '' ? null : value })
  }

  /** What follows from new locations: size, hashes, and that a queued image becomes active. */
  setFields(fields: Partial<ImageFields>): void {
    Object.assign(this.#fields, fields)
  }

  /** Locations as the operations so far leave them. Stored are new ones after those that there were. */
  get locations(): readonly (ImageLocation | NewImageLocation)[] {
    return this.#locations
  }

  get #added(): readonly NewImageLocation[] {
    return this.#locations.filter((location) => !isStored(location))
  }

  /** @param options.at its place; at the end if there are fewer */
  addLocation(location: NewImageLocation, { at }: { at?: number } = {}): void {
    this.#locations.splice(at ?? this.#locations.length, 0, location)
  }

  removeLocation(location: ImageLocation | NewImageLocation): void {
    this.#withdraw(location)
    if (isStored(location)) this.removedLocations.push(location)
  }

  /** Drops the record of a location whose data stays, because another record takes its place. */
  supersedeLocation(location: ImageLocation | NewImageLocation): void {
    this.#withdraw(location)
    if (isStored(location)) this.#superseded.push(location)
  }

  #withdraw(location: ImageLocation | NewImageLocation): void {
    this.#locations.splice(this.#locations.indexOf(location), 1)
  }

  /** Bytes of data that the image has more than before, each location counted. */
  get addedBytes(): number {
    return Math.max(0, this.#locations.length - this.image.locations.length) * (this.field('sizeBytes') ?? 0)
  }

  /** The status as the draft has it. */
  get status(): ImageStatus {
    return this.#fields.status ?? this.image.status
  }

  field<K extends keyof ImageFields>(name: K): ImageFields[K] {
    return (this.#fields[name] ?? this.image[name]) as ImageFields[K]
  }

  /** A change of what depends on the status is carried out only if the status is still what it was. */
  get fromStatuses(): readonly ImageStatus[] | undefined {
    const depends =
      this.#fields.diskFormat !== undefined ||
      this.#fields.containerFormat !== undefined ||
      this.#added.length + this.removedLocations.length + this.#superseded.length > 0
    return depends ? [this.image.status] : undefined
  }

  /**
   * The change as a whole.
   * @param removed the status that removed locations end in
   * @throws quota_exceeded if it brings new properties and there are too many
   */
  toChange(removed: 'deleted' | 'pending_delete'): ImageChange {
    const names = Object.keys(this.image.properties).filter((name) => !this.#removed.has(name))
    const fresh = [...this.#set.keys()].filter((name) => !Object.hasOwn(this.image.properties, name))
    if (fresh.length > 0) requireQuota(this.#quotas, { properties: countProperties([...names, ...fresh]) })
    return {
      fields: this.#fields,
      setProperties: Object.fromEntries(this.#set),
      removeProperties: [...this.#removed],
      ...(this.#tags ? { tags: this.#tags } : {}),
      addLocations: this.#added,
      removeLocations: [
        ...this.removedLocations.map(({ id }) => ({ id, status: removed })),
        ...this.#superseded.map(({ id }) => ({ id, status: 'deleted' })),
      ],
    }
  }
}
