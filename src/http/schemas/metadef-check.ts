import { Ajv, type ValidateFunction } from 'ajv'
import type { FastifyRequest } from 'fastify'
import type { NamespaceRequest } from '../../domain/metadefs/namespaces.ts'
import { GlimpseError } from '../../errors/error.ts'
import type {
  MetadefObjectFields,
  MetadefPropertyFields,
  MetadefVisibility,
  NewMetadefContents,
  ResourceTypeAssociationFields,
} from '../../ports/metadefs.ts'
import { isObject, type JsonObject, readJson } from '../body.ts'
import { explain } from './image.ts'
import type { JsonSchema } from './image-properties.ts'
import { models } from './metadef-models.ts'
import {
  associationSchema,
  namedPropertySchema,
  namespaceSchema,
  newTagsSchema,
  objectSchema,
  propertySchema,
  tagSchema,
} from './metadefs.ts'

const compiled = new WeakMap<JsonSchema, ValidateFunction>()

/** Compiled when it is first needed: few services get such requests at once. */
function checkOf(schema: JsonSchema): ValidateFunction {
  let check = compiled.get(schema)
  if (!check) {
    check = new Ajv({ strict: false, allowUnionTypes: true, ownProperties: true, validateFormats: false }).compile(
      schema,
    )
    compiled.set(schema, check)
  }
  return check
}

function requireValid(value: unknown, schema: JsonSchema): void {
  const check = checkOf(schema)
  if (check(value)) return
  throw new GlimpseError('schema_violation', { schema: String(schema.name), reason: explain(check.errors) })
}

const times = ['created_at', 'updated_at']
const generated = ['self', 'schema', ...times]

/** @throws bad_request, property_read_only, schema_violation */
function readBody(request: FastifyRequest, { schema, readOnly }: { schema: JsonSchema; readOnly: readonly string[] }) {
  const body = readJson(request)
  if (!isObject(body)) {
    throw new GlimpseError('schema_violation', { schema: String(schema.name), reason: 'the object must be object' })
  }
  for (const name of readOnly) {
    if (Object.hasOwn(body, name)) throw new GlimpseError('property_read_only', { name })
  }
  requireValid(body, schema)
  if (/[\ud800-\udfff]/.test(JSON.stringify(body))) {
    throw new GlimpseError('bad_request', { reason: 'Characters of 4 bytes in UTF-8 are not supported.' })
  }
  return body
}

/** A request as it is stored, and as it is answered: with what was given, in the order of answers. */
export interface Read<T> {
  readonly fields: T
  readonly given: JsonObject
}

interface GivenObject {
  readonly name: string
  readonly description?: string
  readonly required?: readonly string[]
  readonly properties?: MetadefObjectFields['properties']
}

interface GivenAssociation {
  readonly name: string
  readonly prefix?: string
  readonly properties_target?: string
}

interface GivenNamespace {
  readonly namespace: string
  readonly display_name?: string
  readonly description?: string
  readonly visibility?: MetadefVisibility
  readonly protected?: boolean
  readonly owner?: string
  readonly resource_type_associations?: readonly GivenAssociation[]
  readonly properties?: MetadefObjectFields['properties']
  readonly objects?: readonly GivenObject[]
  readonly tags?: readonly { readonly name: string }[]
}

function objectFields({ name, description, required, properties }: GivenObject): MetadefObjectFields {
  return { name, description: description ?? null, required: required ?? [], properties: properties ?? {} }
}

function associationFields({ name, prefix, properties_target }: GivenAssociation): ResourceTypeAssociationFields {
  return { name, prefix: prefix ?? null, propertiesTarget: properties_target ?? null }
}

const maxNameLength = 80

/** The schema of namespaces leaves the lengths of the names in them to the columns. */
function requireShortNames(given: GivenNamespace): void {
  const associations = given.resource_type_associations ?? []
  const names = [
    ...Object.keys(given.properties ?? {}),
    ...[...(given.objects ?? []), ...(given.tags ?? []), ...associations].map(({ name }) => name),
    ...associations.flatMap(({ prefix = '', properties_target = '' }) => [prefix, properties_target]),
  ]
  const long = names.find((name) => [...name].length > maxNameLength)
  if (long === undefined) return
  throw new GlimpseError('bad_request', { reason: `${long} is longer than ${maxNameLength} characters.` })
}

/** Reads the body that makes or changes a namespace. @throws bad_request, property_read_only, schema_violation */
export function readNamespace(request: FastifyRequest): Read<NamespaceRequest> & { contents: NewMetadefContents } {
  const body = readBody(request, { schema: namespaceSchema, readOnly: generated })
  const given = models.namespace(body, 'namespace') as GivenNamespace
  if (given.namespace === '') throw new GlimpseError('bad_request', { reason: 'A namespace needs a name.' })
  requireShortNames(given)
  const { owner } = given
  return {
    given: given as unknown as JsonObject,
    fields: {
      name: given.namespace,
      displayName: given.display_name ?? null,
      description: given.description ?? null,
      visibility: given.visibility ?? 'private',
      protected: given.protected ?? false,
      ...(owner === undefined ? {} : { owner }),
    },
    contents: {
      associations: (given.resource_type_associations ?? []).map(associationFields),
      properties: Object.entries(given.properties ?? {}).map(([name, schema]) => ({ name, schema })),
      objects: (given.objects ?? []).map(objectFields),
      tags: (given.tags ?? []).map(({ name }) => name),
    },
  }
}

/** @throws bad_request, property_read_only, schema_violation */
export function readObject(request: FastifyRequest): Read<MetadefObjectFields> {
  const body = readBody(request, { schema: objectSchema, readOnly: generated })
  // Properties of a new object are checked as strictly as those of a namespace.
  if (request.method === 'POST') {
    for (const property of Object.values(body.properties ?? {})) requireValid(property, namedPropertySchema)
  }
  const given = models.object(body, 'object') as GivenObject
  return { given: given as unknown as JsonObject, fields: objectFields(given) }
}

/** @throws bad_request, property_read_only, schema_violation */
export function readProperty(request: FastifyRequest): Read<MetadefPropertyFields> {
  const body = readBody(request, { schema: propertySchema, readOnly: times })
  const given = models.property(body, 'property') as JsonObject & { readonly name: string }
  return { given, fields: { name: given.name, schema: given } }
}

/** @throws bad_request, property_read_only, schema_violation */
export function readTagName(request: FastifyRequest): string {
  const body = readBody(request, { schema: tagSchema, readOnly: times })
  return (models.tag(body, 'tag') as { readonly name: string }).name
}

/** @throws bad_request, property_read_only, schema_violation */
export function readTagNames(request: FastifyRequest): string[] {
  const body = readBody(request, { schema: newTagsSchema, readOnly: times })
  return (body.tags as readonly { readonly name: string }[]).map(({ name }) => name)
}

/** @throws bad_request, property_read_only, schema_violation */
export function readAssociation(request: FastifyRequest): Read<ResourceTypeAssociationFields> {
  const body = readBody(request, { schema: associationSchema, readOnly: times })
  const given = models.association(body, 'resource type association') as GivenAssociation
  return { given: given as unknown as JsonObject, fields: associationFields(given) }
}
