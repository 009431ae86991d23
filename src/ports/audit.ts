import type { ImageStatus } from './image.ts'
import type { IdRange } from './image-walk.ts'

/** A row of `image_locations` whose data is there, or waits to be removed. */
export interface LocationRow {
  readonly id: number
  readonly imageId: string
  readonly url: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** What became of an image. */
export interface ImageFate {
  readonly status: ImageStatus
  readonly isDeleted: boolean
  readonly deletedAt: Date | null
  readonly updatedAt: Date
}

/** What the auditor asks of the database beyond what the service needs. */
export interface AuditRepository {
  /** Of those ids the ones that ever were images, deleted ones too unless their rows are purged. */
  fates(ids: readonly string[]): Promise<ReadonlyMap<string, ImageFate>>
  /** Rows of all images whose data is in use or waits for the scrubber, by their numbers, page by page. */
  locations(options: { after: number; limit: number }): Promise<LocationRow[]>
  /** The same of certain images. */
  locationsOf(imageIds: readonly string[]): Promise<LocationRow[]>
  /** Rows in use of images that are deleted. */
  locationsOfDeleted(range: IdRange, options: { after: number; limit: number }): Promise<LocationRow[]>
  /** Deletes such a row. @returns false if its image is not deleted, or it was deleted already */
  dropLocation(id: number): Promise<boolean>
}
