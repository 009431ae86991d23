import type { PatchOperation } from '../../domain/images/patch.ts'
import { isReserved, readOnlyInPatch } from '../../domain/images/reserved.ts'
import { GlimpseError } from '../../errors/error.ts'
import { isObject, type JsonObject } from '../body.ts'
import type { ImageSchema } from '../schemas/image.ts'
import { parsePointer } from './pointer.ts'

const operations = ['add', 'remove', 'replace'] as const
type OperationName = (typeof operations)[number]

/** The two forms of a patch. In the older one an operation's name is the key of its path, and `add` never overwrites. */
export type PatchDialect = 'v2.0' | 'v2.1'

/** Media types of patches. */
export const patchMediaTypes: ReadonlyMap<string, PatchDialect> = new Map([
  ['application/openstack-images-v2.0-json-patch', 'v2.0'],
  ['application/openstack-images-v2.1-json-patch', 'v2.1'],
])

/** How deep paths go below `locations`; everywhere else it is one step. */
const locationDepths: Readonly<Record<OperationName, number>> = { add: 2, remove: 2, replace: 1 }

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

function readOld(raw: JsonObject): { op: OperationName; path: unknown } {
  const given = operations.filter((name) => Object.hasOwn(raw, name))
  const [op] = given
  if (op === undefined || given.length > 1) {
    bad('Operation objects must contain exactly one member named "add", "remove", or "replace".')
  }
  return { op, path: raw[op] }
}

function readNew(raw: JsonObject): { op: OperationName; path: unknown } {
  const available = `It must be one of the following: ${operations.join(', ')}.`
  const { op } = raw
  if (op === undefined || op === null) bad(`Unable to find \`op\` in JSON Schema change. ${available}`)
  if (!operations.includes(op as OperationName)) bad(`Invalid operation: \`${op}\`. ${available}`)
  if (!Object.hasOwn(raw, 'path')) bad("Unable to find 'path' in JSON Schema change")
  return { op: op as OperationName, path: raw.path }
}

function requireWritable(name: string): void {
  if (readOnlyInPatch.has(name)) throw new GlimpseError('property_read_only', { name })
  if (isReserved(name)) throw new GlimpseError('property_reserved', { name })
}

function readOperation(
  raw: unknown,
  { dialect, schema }: { dialect: PatchDialect; schema: ImageSchema },
): PatchOperation {
  if (!isObject(raw)) bad('Operations must be JSON objects.')
  const { op, path: pointer } = dialect === 'v2.0' ? readOld(raw) : readNew(raw)
  const path = parsePointer(pointer)
  const name = path[0] as string
  if (path.length !== (name === 'locations' ? locationDepths[op] : 1)) {
    bad(`Invalid JSON pointer for this resource: '/${path.join('/')}'`)
  }
  if (op !== 'remove' && !Object.hasOwn(raw, 'value')) bad(`Operation "${op}" requires a member named "value".`)
  requireWritable(name)
  if (op === 'remove') return { op, path }
  const value: unknown = raw.value
  schema.validatePart(Object.fromEntries([[name, path.length === 1 ? value : [value]]]))
  return { op, path, value, strict: dialect === 'v2.0' }
}

/**
 * Reads the body of a patch. Everything that can be refused without knowing the image is refused here.
 * @throws bad_request, property_read_only, property_reserved, schema_violation
 * @see glance `api/v2/images.py` `RequestDeserializer.update`
 */
export function parsePatch(body: unknown, options: { dialect: PatchDialect; schema: ImageSchema }): PatchOperation[] {
  if (!Array.isArray(body)) bad('Request body must be a JSON array of operation objects.')
  return body.map((raw) => readOperation(raw, options))
}
