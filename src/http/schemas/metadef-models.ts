import { GlimpseError } from '../../errors/error.ts'
import { isObject, type JsonObject } from '../body.ts'

/** Turns a value of a request into the one that is kept. @throws bad_request */
type Reader = (value: unknown, name: string) => unknown

/** Attributes of something, in the order in which answers show them. */
type Model = Readonly<Record<string, Reader>>

function bad(reason: string): never {
  throw new GlimpseError('bad_request', { reason })
}

const kept: Reader = (value) => value

const text: Reader = (value, name) => (typeof value === 'string' ? value : bad(`${name} must be a text.`))

const textOrNull: Reader = (value, name) => (value === null ? null : text(value, name))

const listOf =
  (reader: Reader): Reader =>
  (value, name) =>
    Array.isArray(value) ? value.map((item) => reader(item, name)) : bad(`${name} must be a list.`)

const mapOf =
  (reader: Reader): Reader =>
  (value, name) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reader(item, key)]))
      : bad(`${name} must be an object.`)

/** Numbers lose their fraction, as in the reference. */
const whole: Reader = (value, name) =>
  typeof value === 'number' && Number.isFinite(value) ? Math.trunc(value) : bad(`${name} must be a number.`)

const trueWords: readonly unknown[] = ['true', 't', 'yes', 'y', 'on', '1']
const falseWords: readonly unknown[] = ['false', 'f', 'no', 'n', 'off', '0']

const yesNo: Reader = (value, name) => {
  if (typeof value === 'boolean') return value
  if (Number.isInteger(value)) return value !== 0
  if (trueWords.includes(value)) return true
  return falseWords.includes(value) ? false : bad(`${name} must be true or false.`)
}

/** A default is a text of ASCII; numbers and booleans are written as one, anything else is none. */
const defaultText: Reader = (value, name) => {
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  if (typeof value !== 'string') return null
  return /^[\0-\x7f]*$/.test(value) ? value : bad(`${name} must be a text of ASCII characters.`)
}

const modelOf =
  (noun: string, { model, required }: { model: Model; required: readonly string[] }): Reader =>
  (value) => {
    if (!isObject(value)) bad(`A ${noun} must be an object.`)
    for (const name of required) if (!Object.hasOwn(value, name)) bad(`A ${noun} needs ${name}.`)
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(model, name))
    if (unknown !== undefined) bad(`A ${noun} has no attribute ${unknown}.`)
    return ordered(value, model)
  }

/** The attributes that `value` has, each as its reader says, in the order of the model. */
function ordered(value: JsonObject, model: Model): JsonObject {
  const result: Record<string, unknown> = {}
  for (const [name, reader] of Object.entries(model)) {
    if (Object.hasOwn(value, name)) result[name] = reader(value[name], name)
  }
  return result
}

const itemType = modelOf('description of items', {
  model: { type: text, enum: listOf(textOrNull) },
  required: ['type'],
})

/** @see glance `api/v2/model/metadef_property_type.py` */
const propertyModel: Model = {
  name: text,
  type: text,
  title: text,
  description: text,
  operators: listOf(text),
  default: defaultText,
  readonly: yesNo,
  minimum: whole,
  maximum: whole,
  enum: listOf(textOrNull),
  pattern: text,
  minLength: whole,
  maxLength: whole,
  confidential: yesNo,
  items: itemType,
  uniqueItems: yesNo,
  minItems: whole,
  maxItems: whole,
  additionalItems: yesNo,
}

const property = modelOf('property', { model: propertyModel, required: ['type', 'title'] })
const properties = mapOf(property)
const times: Model = { created_at: kept, updated_at: kept }
const generated: Model = { self: kept, schema: kept }

/** @see glance `api/v2/model/metadef_object.py` */
const object = modelOf('object', {
  model: { name: text, required: listOf(text), description: text, properties, ...times, ...generated },
  required: ['name'],
})

const tag = modelOf('tag', { model: { name: text, ...times }, required: ['name'] })

/** @see glance `api/v2/model/metadef_resource_type.py` */
const association = modelOf('resource type association', {
  model: { name: text, prefix: text, properties_target: text, ...times },
  required: ['name'],
})

/** @see glance `api/v2/model/metadef_namespace.py` */
const namespace = modelOf('namespace', {
  model: {
    namespace: text,
    display_name: text,
    description: text,
    visibility: text,
    protected: yesNo,
    owner: text,
    resource_type_associations: listOf(association),
    properties,
    objects: listOf(object),
    tags: listOf(tag),
  },
  required: ['namespace'],
})

/** What requests hold, after their schemas were checked. All of them throw bad_request. */
export const models = { property, object, tag, association, namespace }

const propertyOrder = Object.keys(propertyModel)

/** A stored schema in the order in which answers show it; what only a file could bring comes last. */
export function orderedProperty(schema: JsonObject): JsonObject {
  const result: Record<string, unknown> = {}
  for (const name of propertyOrder) if (Object.hasOwn(schema, name)) result[name] = schema[name]
  return { ...result, ...schema }
}
