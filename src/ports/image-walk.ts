import type { Image } from './image.ts'

/** A stretch of ids: from `from` on, up to and without `to`; null: to the end. */
export interface IdRange {
  readonly from: string
  readonly to: string | null
}

/** All living images, by stretches of their ids. */
export interface ImageWalk {
  /** How many images there are, deleted ones without. */
  count(): Promise<number>
  /** A page in the order of ids, with properties, tags and locations. @param options.after id of the last image of the page before */
  page(range: IdRange, options: { after?: string | undefined; limit: number }): Promise<Image[]>
}
