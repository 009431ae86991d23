import type { ImagePage } from '../../domain/images/show.ts'
import { type ImageViewConfig, imageJson } from './image.ts'

/** The JSON of a page of images. @see glance `api/v2/images.py` `ResponseSerializer.index` */
export function imagesJson(
  page: ImagePage,
  options: {
    readonly view: ImageViewConfig
    /** Address of the first page. */
    readonly first: string
    /** Address of the page after `marker`. */
    readonly next: (marker: string) => string
  },
): string {
  let images = ''
  for (const image of page.images) images += `${images === '' ? '' : ','}${imageJson(image, options.view)}`
  const next = page.nextMarker === undefined ? '' : `,"next":${JSON.stringify(options.next(page.nextMarker))}`
  return `{"images":[${images}],"first":${JSON.stringify(options.first)},"schema":"/v2/schemas/images"${next}}`
}
