import type { JsonSchema } from './image-properties.ts'

const positiveInteger = { $ref: '#/definitions/positiveInteger' }
const positiveIntegerDefault0 = { $ref: '#/definitions/positiveIntegerDefault0' }
const valueType = { type: 'string', enum: ['array', 'boolean', 'integer', 'number', 'object', 'string', null] }

/** What a property may say of its values. @see glance `api/v2/metadef_namespaces.py` `get_schema_definitions` */
export const propertyFields: Readonly<Record<string, JsonSchema>> = {
  name: { type: 'string', maxLength: 80 },
  title: { type: 'string' },
  description: { type: 'string' },
  operators: { type: 'array', items: { type: 'string' } },
  type: valueType,
  required: { $ref: '#/definitions/stringArray' },
  minimum: { type: 'number' },
  maximum: { type: 'number' },
  maxLength: positiveInteger,
  minLength: positiveIntegerDefault0,
  pattern: { type: 'string', format: 'regex' },
  enum: { type: 'array' },
  readonly: { type: 'boolean' },
  default: {},
  items: { type: 'object', properties: { type: valueType, enum: { type: 'array' } } },
  maxItems: positiveInteger,
  minItems: positiveIntegerDefault0,
  uniqueItems: { type: 'boolean', default: false },
  additionalItems: { type: 'boolean' },
}

const numbers = {
  positiveInteger: { type: 'integer', minimum: 0 },
  positiveIntegerDefault0: { allOf: [positiveInteger, { default: 0 }] },
}
const texts = { type: 'array', items: { type: 'string' } }

/** Definitions beside a single property. */
export const propertyDefinitions: Readonly<Record<string, JsonSchema>> = {
  ...numbers,
  stringArray: { ...texts, minItems: 1, uniqueItems: true },
}

/** Definitions beside what holds many properties by name. */
export const containerDefinitions: Readonly<Record<string, JsonSchema>> = {
  ...numbers,
  stringArray: { ...texts, uniqueItems: true },
  property: {
    type: 'object',
    additionalProperties: { type: 'object', required: ['title', 'type'], properties: propertyFields },
  },
}
