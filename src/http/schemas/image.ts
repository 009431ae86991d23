import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import { GlimpseError } from '../../errors/error.ts'
import { imageProperties, type JsonSchema } from './image-properties.ts'

/** What `schema-image.json` holds. */
export interface CustomProperties {
  readonly properties: Readonly<Record<string, JsonSchema>>
  /** Names that an image must have. */
  readonly required: readonly string[]
}

export interface ImageSchemaConfig {
  readonly containerFormats: readonly string[]
  readonly diskFormats: readonly string[]
  /** Properties that no schema names may be set, with text values. */
  readonly allowAdditionalProperties: boolean
  /** Properties of `schema-image.json`, name by name; null without the file. */
  readonly customProperties: Readonly<Record<string, JsonSchema>> | null
  /** None unless given. */
  readonly requiredProperties?: readonly string[]
}

const links = [
  { rel: 'self', href: '{self}' },
  { rel: 'enclosure', href: '{file}' },
  { rel: 'describedby', href: '{schema}' },
]

/** The first fault, in words. */
export function explain(errors: readonly ErrorObject[] | null | undefined): string {
  const [first] = errors ?? []
  if (!first) return 'the object is not valid'
  const where = first.instancePath.slice(1) || 'the object'
  const allowed = first.keyword === 'enum' ? `: ${JSON.stringify(first.params.allowedValues)}` : ''
  return `${where} ${first.message ?? 'is not valid'}${allowed}`
}

function requireValid(image: unknown, check: ValidateFunction): void {
  if (check(image)) return
  throw new GlimpseError('schema_violation', { schema: 'image', reason: explain(check.errors) })
}

/** The schema of an image under one configuration: what is served, what is checked, what is shown. */
export class ImageSchema {
  /** As served at `/v2/schemas/image`. */
  readonly json: JsonSchema
  readonly #permissive: boolean
  readonly #properties: Readonly<Record<string, JsonSchema>>
  readonly #check: ValidateFunction
  readonly #checkPart: ValidateFunction

  /** @throws if `schema-image.json` redefines a base property or is no valid schema */
  constructor(config: ImageSchemaConfig) {
    const base = imageProperties(config)
    const custom: Record<string, JsonSchema> = {}
    for (const [name, schema] of Object.entries(config.customProperties ?? {})) {
      if (Object.hasOwn(base, name)) throw new Error(`schema-image.json redefines the base property ${name}`)
      custom[name] = { ...schema, is_base: false }
    }
    this.#permissive = config.allowAdditionalProperties
    this.#properties = { ...base, ...custom }
    const { requiredProperties: required = [] } = config
    const part = {
      name: 'image',
      properties: this.#properties,
      additionalProperties: this.#permissive ? { type: 'string' } : false,
      ...(this.#permissive ? { links } : {}),
    }
    this.json = required.length > 0 ? { ...part, required } : part
    // Not strict: the served schemas hold keywords that say nothing about validity (`links`, `is_base`).
    const ajv = new Ajv({ strict: false, allowUnionTypes: true, unicodeRegExp: false, ownProperties: true })
    this.#check = ajv.compile(this.json)
    this.#checkPart = required.length > 0 ? ajv.compile(part) : this.#check
  }

  /** @throws schema_violation naming the first fault */
  validate(image: unknown): void {
    requireValid(image, this.#check)
  }

  /** As `validate`, and required properties may be absent. @throws schema_violation */
  validatePart(image: unknown): void {
    requireValid(image, this.#checkPart)
  }

  /** True if a custom property of that name is part of what clients see. */
  shows(property: string): boolean {
    return this.#permissive || Object.hasOwn(this.#properties, property)
  }

  /** True if `name` is a base property or one of `schema-image.json`. */
  names(property: string): boolean {
    return Object.hasOwn(this.#properties, property)
  }
}
