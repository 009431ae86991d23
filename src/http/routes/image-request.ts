import type { NewImageRequest } from '../../domain/images/create.ts'
import { fieldNames } from '../../domain/images/fields.ts'
import { ignoredOnCreate, isReserved, madeUp, readOnlyOnCreate } from '../../domain/images/reserved.ts'
import { GlimpseError } from '../../errors/error.ts'
import type { JsonObject } from '../body.ts'
import type { ImageSchema } from '../schemas/image.ts'

const readOnlyNames: ReadonlySet<string> = new Set(readOnlyOnCreate)

/**
 * Reads the body of `POST /v2/images`.
 * @throws property_read_only, schema_violation, bad_request, property_reserved
 * @see glance `api/v2/images.py` `RequestDeserializer.create`
 */
export function readNewImage(body: unknown, schema: ImageSchema): NewImageRequest {
  if (Array.isArray(body)) {
    throw new GlimpseError('schema_violation', { schema: 'image', reason: 'the object must be object' })
  }
  const image = body as JsonObject
  for (const name of madeUp) {
    if (Object.hasOwn(image, name)) throw new GlimpseError('property_read_only', { name })
  }
  schema.validate(image)
  const fields: Record<string, unknown> = {}
  const properties: [string, string | null][] = []
  const readOnly: string[] = []
  for (const [name, value] of Object.entries(image)) {
    if (name === 'id' || name === 'tags') fields[name] = value
    else if (Object.hasOwn(fieldNames, name)) fields[fieldNames[name as keyof typeof fieldNames]] = value
    else if (readOnlyNames.has(name)) readOnly.push(name)
    else if (ignoredOnCreate.has(name)) continue
    else properties.push([name, value as string | null])
  }
  for (const [name] of properties) {
    if (name.length > 255) {
      throw new GlimpseError('bad_request', { reason: 'Custom property should not be greater than 255 characters.' })
    }
    if (isReserved(name)) throw new GlimpseError('property_reserved', { name })
  }
  return { tags: [], ...fields, properties: Object.fromEntries(properties), readOnly }
}
