import type { JsonSchema } from './image-properties.ts'
import { containerDefinitions, propertyDefinitions, propertyFields } from './metadef-property.ts'

const readOnlyText = { readOnly: true, type: 'string' }
const someProperties = { $ref: '#/definitions/property' }
const someNames = { $ref: '#/definitions/stringArray' }

function timesOf(thing: string): Readonly<Record<string, JsonSchema>> {
  const time = { type: 'string', readOnly: true, format: 'date-time' }
  return {
    created_at: { ...time, description: `When the ${thing} was made` },
    updated_at: { ...time, description: `When the ${thing} was last changed` },
  }
}

interface Parts {
  readonly properties: Readonly<Record<string, JsonSchema>>
  readonly definitions?: Readonly<Record<string, JsonSchema>>
  readonly required: readonly string[]
}

/** A schema that allows nothing that it does not name. */
function strict(name: string, { properties, ...rest }: Parts): JsonSchema {
  return { name, properties, additionalProperties: false, ...rest }
}

const links = [
  { rel: 'first', href: '{first}' },
  { rel: 'next', href: '{next}' },
  { rel: 'describedby', href: '{schema}' },
]

/** The schema of a list, or of an object that holds items by name; the definitions of items stand beside it. */
function listOf(item: JsonSchema, { name, byName }: { name: string; byName?: true }): JsonSchema {
  const { definitions, ...items } = item
  const text = { type: 'string' }
  return {
    name,
    properties: {
      [name]: byName ? { type: 'object', additionalProperties: items } : { type: 'array', items },
      first: text,
      next: text,
      schema: text,
    },
    links,
    ...(definitions ? { definitions } : {}),
  }
}

/** @see glance `api/v2/metadef_namespaces.py` `_get_base_properties` */
export const namespaceSchema = strict('namespace', {
  properties: {
    namespace: { type: 'string', description: 'The unique name of the namespace.', maxLength: 80 },
    display_name: { type: 'string', description: 'A name to show to people instead.', maxLength: 80 },
    description: { type: 'string', description: 'What the namespace is for.', maxLength: 500 },
    visibility: { type: 'string', description: 'Who sees the namespace.', enum: ['public', 'private'] },
    protected: { type: 'boolean', description: 'While true, nothing of the namespace can be deleted.' },
    owner: { type: 'string', description: 'The project that the namespace belongs to.', maxLength: 255 },
    ...timesOf('namespace'),
    schema: readOnlyText,
    self: readOnlyText,
    resource_type_associations: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, prefix: { type: 'string' }, properties_target: { type: 'string' } },
      },
    },
    properties: someProperties,
    objects: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string' },
          description: { type: 'string' },
          required: someNames,
          properties: someProperties,
        },
      },
    },
    tags: { type: 'array', items: { type: 'object', properties: { name: { type: 'string' } } } },
  },
  definitions: containerDefinitions,
  required: ['namespace'],
})

/** @see glance `api/v2/metadef_objects.py` `_get_base_properties` */
export const objectSchema = strict('object', {
  properties: {
    name: { type: 'string', maxLength: 80 },
    description: { type: 'string' },
    required: someNames,
    properties: someProperties,
    schema: readOnlyText,
    self: readOnlyText,
    ...timesOf('object'),
  },
  definitions: containerDefinitions,
  required: ['name'],
})

/** A property among others, named by its key. @see glance `api/v2/metadef_properties.py` `get_schema` */
export const namedPropertySchema = strict('property', {
  properties: propertyFields,
  definitions: propertyDefinitions,
  required: ['type', 'title'],
})

/** A property by itself. */
export const propertySchema: JsonSchema = { ...namedPropertySchema, required: ['type', 'title', 'name'] }

/** @see glance `api/v2/metadef_tags.py` `_get_base_properties` */
export const tagSchema = strict('tag', {
  properties: { name: { type: 'string', maxLength: 80 }, ...timesOf('tag') },
  required: ['name'],
})

/** Many tags at once. @see glance `api/v2/metadef_tags.py` `_get_base_properties_for_list` */
export const newTagsSchema = strict('tags', {
  properties: {
    tags: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' } },
        required: ['name'],
        additionalProperties: false,
      },
    },
  },
  required: ['tags'],
})

/** @see glance `api/v2/metadef_resource_types.py` `_get_base_properties` */
export const associationSchema = strict('resource_type_association', {
  properties: {
    name: {
      type: 'string',
      description: 'The name of a resource type, preferably the one that Heat uses for it.',
      maxLength: 80,
    },
    prefix: {
      type: 'string',
      description: 'What stands before each property on resources of this type, its separator included.',
      maxLength: 80,
    },
    properties_target: {
      type: 'string',
      description: 'Which of several sets of properties is meant, on resources that have several, for instance image.',
      maxLength: 80,
    },
    ...timesOf('association'),
  },
  required: ['name'],
})

/** By the last part of `/v2/schemas/metadefs/...`. @see glance `api/v2/schemas.py` */
export const metadefSchemas: Readonly<Record<string, JsonSchema>> = {
  namespace: namespaceSchema,
  namespaces: listOf(namespaceSchema, { name: 'namespaces' }),
  resource_type: associationSchema,
  resource_types: listOf(associationSchema, { name: 'resource_type_associations' }),
  property: propertySchema,
  properties: listOf(namedPropertySchema, { name: 'properties', byName: true }),
  object: objectSchema,
  objects: listOf(objectSchema, { name: 'objects' }),
  tag: tagSchema,
  tags: listOf(tagSchema, { name: 'tags' }),
}
