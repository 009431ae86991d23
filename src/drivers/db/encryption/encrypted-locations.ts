import type { AuditRepository, LocationRow } from '../../../ports/audit.ts'
import type { Image, NewImageLocation } from '../../../ports/image.ts'
import type { ImageChange, ImageQuery, ImageRepository, NewImage, Repositories } from '../../../ports/repositories.ts'
import type { DueImage, ScrubRepository } from '../../../ports/scrub.ts'
import type { LocationCipher } from './location-cipher.ts'

/** The repositories with the URLs of locations encrypted in the database. @see glance `db/__init__.py` `ImageRepo` */
export function withEncryptedLocations(repositories: Repositories, cipher: LocationCipher): Repositories {
  return {
    ...repositories,
    images: new EncryptedImages(repositories.images, cipher),
    scrub: encryptedScrub(repositories.scrub, cipher),
    audit: encryptedAudit(repositories.audit, cipher),
    walk: {
      count: () => repositories.walk.count(),
      page: async (...args) => (await repositories.walk.page(...args)).map((image) => readable(image, cipher)),
    },
  }
}

class EncryptedImages implements ImageRepository {
  readonly #images: ImageRepository
  readonly #cipher: LocationCipher

  constructor(images: ImageRepository, cipher: LocationCipher) {
    this.#images = images
    this.#cipher = cipher
  }

  async get(id: string): Promise<Image | undefined> {
    const image = await this.#images.get(id)
    return image && this.#readable(image)
  }

  async list(query: ImageQuery): Promise<Image[]> {
    return (await this.#images.list(query)).map((image) => this.#readable(image))
  }

  lackingDigests(options: Parameters<ImageRepository['lackingDigests']>[0]): Promise<string[]> {
    return this.#images.lackingDigests(options)
  }

  async create(image: NewImage, options?: Parameters<ImageRepository['create']>[1]): Promise<Image> {
    const locations = this.#hidden(image.locations)
    return this.#readable(await this.#images.create(locations ? { ...image, locations } : image, options))
  }

  async update(id: string, change: ImageChange, options?: Parameters<ImageRepository['update']>[2]): Promise<Image> {
    const addLocations = this.#hidden(change.addLocations)
    return this.#readable(await this.#images.update(id, addLocations ? { ...change, addLocations } : change, options))
  }

  delete(...args: Parameters<ImageRepository['delete']>): Promise<void> {
    return this.#images.delete(...args)
  }

  addTag(id: string, tag: string): Promise<void> {
    return this.#images.addTag(id, tag)
  }

  removeTag(id: string, tag: string): Promise<void> {
    return this.#images.removeTag(id, tag)
  }

  #hidden(locations: readonly NewImageLocation[] | undefined): NewImageLocation[] | undefined {
    return locations?.map((location) => ({ ...location, url: this.#cipher.encrypt(location.url) }))
  }

  #readable(image: Image): Image {
    return readable(image, this.#cipher)
  }
}

function readable(image: Image, cipher: LocationCipher): Image {
  if (image.locations.length === 0) return image
  const locations = image.locations.map((location) => ({ ...location, url: cipher.decrypt(location.url) }))
  return { ...image, locations }
}

function encryptedAudit(audit: AuditRepository, cipher: LocationCipher): AuditRepository {
  const readable = (rows: readonly LocationRow[]): LocationRow[] =>
    rows.map((row) => ({ ...row, url: cipher.decrypt(row.url) }))
  return {
    fates: (ids) => audit.fates(ids),
    locations: async (options) => readable(await audit.locations(options)),
    locationsOf: async (imageIds) => readable(await audit.locationsOf(imageIds)),
    locationsOfDeleted: async (range, options) => readable(await audit.locationsOfDeleted(range, options)),
    dropLocation: (id) => audit.dropLocation(id),
  }
}

function encryptedScrub(scrub: ScrubRepository, cipher: LocationCipher): ScrubRepository {
  const readable = ({ id, locations }: DueImage): DueImage => ({
    id,
    locations: locations.map((location) => ({ ...location, url: cipher.decrypt(location.url) })),
  })
  return {
    due: async (options) => (await scrub.due(options)).map(readable),
    isDue: (locationId) => scrub.isDue(locationId),
    removed: (locationId) => scrub.removed(locationId),
    finish: (imageId) => scrub.finish(imageId),
    restore: (imageId) => scrub.restore(imageId),
  }
}
