import { Ajv } from 'ajv'
import type { LocationRequest } from '../../domain/locations/image-locations.ts'
import type { ValidationData } from '../../domain/locations/validation-data.ts'
import { GlimpseError } from '../../errors/error.ts'
import { explain } from './image.ts'

interface LocationBody {
  readonly url: string
  readonly validation_data?: Partial<ValidationData>
}

const check = new Ajv({ strict: false, ownProperties: true }).compile<LocationBody>({
  type: 'object',
  properties: {
    url: { type: 'string' },
    validation_data: {
      type: 'object',
      additionalProperties: false,
      properties: {
        os_hash_algo: { type: 'string', maxLength: 64, enum: ['sha1', 'sha256', 'sha512', 'md5'] },
        os_hash_value: { type: 'string', maxLength: 128 },
      },
      dependencies: { os_hash_value: ['os_hash_algo'], os_hash_algo: ['os_hash_value'] },
    },
  },
  required: ['url'],
})

/**
 * Reads the body of `POST /v2/images/{id}/locations`.
 * @throws schema_violation
 * @see glance `api/v2/images.py` `get_add_location_properties`
 */
export function readNewLocation(body: unknown): LocationRequest {
  if (!check(body)) throw new GlimpseError('schema_violation', { schema: 'location', reason: explain(check.errors) })
  const { url, validation_data: { os_hash_algo, os_hash_value } = {} } = body
  if (os_hash_algo === undefined || os_hash_value === undefined) return { url }
  return { url, validationData: { os_hash_algo, os_hash_value } }
}
