import type { JsonSchema } from './image-properties.ts'

/** The schema of a page of images. @see glance `schema.py` `CollectionSchema.raw` */
export function imagesSchema(image: JsonSchema): JsonSchema {
  return {
    name: 'images',
    properties: {
      images: { type: 'array', items: image },
      first: { type: 'string' },
      next: { type: 'string' },
      schema: { type: 'string' },
    },
    links: [
      { rel: 'first', href: '{first}' },
      { rel: 'next', href: '{next}' },
      { rel: 'describedby', href: '{schema}' },
    ],
  }
}
