import type { IdRange } from './image-walk.ts'

/** Data that waits to be removed. */
export interface DueLocation {
  readonly id: number
  readonly url: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** An image whose data, or some of it, is to be removed. */
export interface DueImage {
  readonly id: string
  /** Empty if only the image's status is left to be set. */
  readonly locations: readonly DueLocation[]
}

/**
 * What the scrubber asks of the database. Every change is a compare-and-set, so that scrubbers may run side by side.
 * @see glance `scrubber.py` `ScrubDBQueue`
 */
export interface ScrubRepository {
  /**
   * A page, in the order of ids, of images in `pending_delete`, and of living images with a location in `pending_delete`
   * beside one in use, deleted at `before` or earlier.
   * @param options.range ids to look at; absent: all
   * @param options.after id of the last image of the page before
   */
  due(options: { before: Date; range?: IdRange; after?: string; limit: number }): Promise<DueImage[]>
  /** Whether the location still waits to be removed. */
  isDue(locationId: number): Promise<boolean>
  /** Records that the data of the location is gone. */
  removed(locationId: number): Promise<void>
  /** Ends `pending_delete` in `deleted` once no location waits. @returns whether this call did it */
  finish(imageId: string): Promise<boolean>
  /**
   * Makes an image in `pending_delete` active again, with all that was deleted together with it.
   * @throws image_not_found, conflict (another status, or data that is being removed already)
   */
  restore(imageId: string): Promise<void>
}
