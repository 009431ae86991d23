import { Ajv, type ErrorObject, type JSONSchemaType } from 'ajv'
import type {
  LoadedNamespace,
  MetadefContents,
  MetadefNamespaceFields,
  MetadefVisibility,
} from '../../ports/metadefs.ts'

type Schema = Readonly<Record<string, unknown>>

/** A namespace as it stands in a file. @see glance `etc/metadefs` */
interface DefinitionFile {
  readonly namespace: string
  readonly display_name?: string | null
  readonly description?: string | null
  readonly visibility?: MetadefVisibility | null
  /** A number in files that Glance exports from MySQL. */
  readonly protected?: boolean | 0 | 1 | null
  readonly owner?: string | null
  readonly resource_type_associations?: readonly {
    readonly name: string
    readonly prefix?: string | null
    readonly properties_target?: string | null
  }[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly objects?: readonly {
    readonly name: string
    readonly description?: string | null
    readonly required?: readonly string[] | null
    readonly properties?: Readonly<Record<string, Schema>> | null
  }[]
  readonly tags?: readonly { readonly name: string }[]
}

/** Whose definitions are that name no owner. */
const defaultOwner = 'admin'

const name = { type: 'string', minLength: 1, maxLength: 80 }
const text = { type: 'string', nullable: true }
const listOf = (properties: object) => ({
  type: 'array',
  items: { type: 'object', required: ['name'], properties: { name, ...properties } },
})
const schemas = { type: 'object', nullable: true, additionalProperties: { type: 'object' } }

const validate = new Ajv({ strict: false }).compile({
  type: 'object',
  required: ['namespace'],
  properties: {
    namespace: name,
    display_name: { ...text, maxLength: 80 },
    description: text,
    visibility: { enum: ['public', 'private', null] },
    protected: { enum: [true, false, 0, 1, null] },
    owner: { ...text, maxLength: 255 },
    resource_type_associations: listOf({
      prefix: { ...text, maxLength: 80 },
      properties_target: { ...text, maxLength: 80 },
    }),
    properties: { ...schemas, nullable: false, propertyNames: name },
    objects: listOf({
      description: text,
      required: { type: 'array', nullable: true, items: { type: 'string' } },
      properties: schemas,
    }),
    tags: listOf({}),
  },
} as unknown as JSONSchemaType<DefinitionFile>)

/** What is wrong with a file of definitions, and where: the text around the fault, or a path such as `/objects/0/name`. */
export class DefinitionFault extends Error {}

/** Reads a namespace from the text of a file. @throws DefinitionFault */
export function parseDefinitions(content: string): LoadedNamespace {
  let file: unknown
  try {
    file = JSON.parse(content)
  } catch (error) {
    throw new DefinitionFault(`no JSON: ${(error as Error).message}`, { cause: error })
  }
  if (!validate(file)) throw new DefinitionFault(faultOf(validate.errors?.[0]))
  return {
    namespace: {
      name: file.namespace,
      displayName: file.display_name ?? null,
      description: file.description ?? null,
      visibility: file.visibility ?? 'private',
      protected: Boolean(file.protected),
      owner: file.owner ?? defaultOwner,
    },
    contents: {
      associations: (file.resource_type_associations ?? []).map((association) => ({
        name: association.name,
        prefix: association.prefix ?? null,
        propertiesTarget: association.properties_target ?? null,
      })),
      properties: Object.entries(file.properties ?? {}).map(([property, schema]) => ({ name: property, schema })),
      objects: (file.objects ?? []).map((object) => ({
        name: object.name,
        description: object.description ?? null,
        required: object.required ?? [],
        properties: object.properties ?? {},
      })),
      tags: (file.tags ?? []).map((tag) => tag.name),
    },
  }
}

function faultOf(error: ErrorObject | undefined): string {
  const { instancePath = '', message = 'is wrong', params = {} } = error ?? {}
  const choices = 'allowedValues' in params ? `: ${JSON.stringify(params.allowedValues)}` : ''
  return `${instancePath === '' ? 'the definition' : instancePath} ${message}${choices}`
}

/** The text of a file that `parseDefinitions` reads to the same namespace; Glance reads it as well. */
export function renderDefinitions(namespace: MetadefNamespaceFields, contents: MetadefContents): string {
  const file: Required<DefinitionFile> = {
    namespace: namespace.name,
    display_name: namespace.displayName,
    description: namespace.description,
    visibility: namespace.visibility,
    protected: namespace.protected,
    owner: namespace.owner,
    resource_type_associations: contents.associations.map((association) => ({
      name: association.name,
      prefix: association.prefix,
      properties_target: association.propertiesTarget,
    })),
    properties: Object.fromEntries(contents.properties.map(({ name: property, schema }) => [property, schema])),
    objects: contents.objects.map((object) => ({
      name: object.name,
      description: object.description,
      required: object.required,
      properties: object.properties,
    })),
    tags: contents.tags.map((tag) => ({ name: tag.name })),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
