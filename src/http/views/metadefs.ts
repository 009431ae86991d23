import type { NamespacePage } from '../../domain/metadefs/namespaces.ts'
import type {
  MetadefContents,
  MetadefNamespace,
  MetadefObject,
  MetadefProperty,
  MetadefResourceType,
  MetadefTag,
  ResourceTypeAssociation,
} from '../../ports/metadefs.ts'
import type { JsonObject } from '../body.ts'
import { orderedProperty } from '../schemas/metadef-models.ts'
import { timestamp } from './json-text.ts'

interface Times {
  readonly createdAt: Date
  readonly updatedAt: Date | null
}

function timesOf({ createdAt, updatedAt }: Times): object {
  return { created_at: timestamp(createdAt), ...(updatedAt && { updated_at: timestamp(updatedAt) }) }
}

/** Where a namespace is found; names stand in it as they are. */
export function namespacePath(name: string): string {
  return `/v2/metadefs/namespaces/${name}`
}

/** @param contents keys of what the namespace holds, in the order of answers */
function namespaceView(namespace: MetadefNamespace, contents: object = {}): object {
  const { displayName, description } = namespace
  return {
    namespace: namespace.name,
    ...(displayName === null ? {} : { display_name: displayName }),
    ...(description === null ? {} : { description }),
    visibility: namespace.visibility,
    protected: namespace.protected,
    owner: namespace.owner,
    ...timesOf(namespace),
    ...contents,
    self: namespacePath(namespace.name),
    schema: '/v2/schemas/metadefs/namespace',
  }
}

function associationView(association: ResourceTypeAssociation): object {
  const { name, prefix, propertiesTarget } = association
  return {
    name,
    ...(prefix === null ? {} : { prefix }),
    ...(propertiesTarget === null ? {} : { properties_target: propertiesTarget }),
    ...timesOf(association),
  }
}

function propertiesView(properties: readonly MetadefProperty[]): object {
  return Object.fromEntries(properties.map(({ name, schema }) => [name, orderedProperty(schema)]))
}

/** @param namespace its name as the request has it */
function objectView(object: MetadefObject, namespace: string): object {
  const { name, required, description, properties } = object
  return {
    name,
    required,
    ...(description === null ? {} : { description }),
    properties: Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, orderedProperty(schema)])),
    ...timesOf(object),
    ...objectLinks(namespace, name),
  }
}

function objectLinks(namespace: string, name: string): object {
  return { self: `${namespacePath(namespace)}/objects/${name}`, schema: '/v2/schemas/metadefs/object' }
}

function nameOnly({ name }: { readonly name: string }): object {
  return { name }
}

/** `{ [key]: value }` unless there is nothing in it. */
function unlessEmpty(key: string, { length }: readonly unknown[], view: () => unknown): object {
  return length === 0 ? {} : { [key]: view() }
}

/** The JSON of a page of namespaces. */
export function namespacesJson(
  { namespaces, associations, nextMarker }: NamespacePage,
  { first, next }: { readonly first: string; readonly next: (marker: string) => string },
): string {
  return JSON.stringify({
    namespaces: namespaces.map((namespace) => {
      const types = associations.get(namespace.id) ?? []
      return namespaceView(
        namespace,
        unlessEmpty('resource_type_associations', types, () => types.map(associationView)),
      )
    }),
    ...(nextMarker === undefined ? {} : { next: next(nextMarker) }),
    schema: '/v2/schemas/metadefs/namespaces',
    first,
  })
}

/** The JSON of a namespace with all that is in it. @param requestedName as the request has it */
export function wholeNamespaceJson(
  { namespace, contents }: { namespace: MetadefNamespace; contents: MetadefContents },
  requestedName: string,
): string {
  const { associations, properties, objects, tags } = contents
  return JSON.stringify(
    namespaceView(namespace, {
      ...unlessEmpty('resource_type_associations', associations, () => associations.map(associationView)),
      ...unlessEmpty('properties', properties, () => propertiesView(properties)),
      ...unlessEmpty('objects', objects, () => objects.map((object) => objectView(object, requestedName))),
      ...unlessEmpty('tags', tags, () => tags.map(nameOnly)),
    }),
  )
}

const containers = ['resource_type_associations', 'properties', 'objects', 'tags'] as const

/** The JSON of a namespace that was made just now, with what the request `given` said is in it. */
export function newNamespaceJson(namespace: MetadefNamespace, given: JsonObject): string {
  const contents = Object.fromEntries(
    containers.filter((name) => Object.hasOwn(given, name)).map((name) => [name, given[name]]),
  )
  return JSON.stringify(namespaceView(namespace, contents))
}

/** The JSON of a namespace by itself. */
export function namespaceJson(namespace: MetadefNamespace): string {
  return JSON.stringify(namespaceView(namespace))
}

/** The JSON of all resource types. */
export function resourceTypesJson(types: readonly MetadefResourceType[]): string {
  return JSON.stringify({ resource_types: types.map((type) => ({ name: type.name, ...timesOf(type) })) })
}

/** The JSON of the associations of a namespace. */
export function associationsJson(associations: readonly ResourceTypeAssociation[]): string {
  return JSON.stringify({ resource_type_associations: associations.map(associationView) })
}

/** The JSON of an association that was made just now. */
export function newAssociationJson(association: ResourceTypeAssociation, given: JsonObject): string {
  return JSON.stringify({ ...given, ...timesOf(association) })
}

/** The JSON of a property by itself. */
export function propertyJson({ name, schema }: MetadefProperty): string {
  return JSON.stringify({ name, ...orderedProperty({ ...schema, name }) })
}

/** The JSON of the properties of a namespace. */
export function propertiesJson(properties: readonly MetadefProperty[]): string {
  return JSON.stringify({ properties: propertiesView(properties) })
}

/** The JSON of an object. @param namespace its name as the request has it */
export function objectJson(object: MetadefObject, namespace: string): string {
  return JSON.stringify(objectView(object, namespace))
}

/** The JSON of an object that was made or changed just now: what the request did not say is not there. */
export function givenObjectJson(
  object: MetadefObject,
  { given, namespace }: { given: JsonObject; namespace: string },
): string {
  return JSON.stringify({ ...given, ...timesOf(object), ...objectLinks(namespace, object.name) })
}

/** The JSON of the objects of a namespace. The address of the schema is the reference's. */
export function objectsJson(objects: readonly MetadefObject[], namespace: string): string {
  return JSON.stringify({
    objects: objects.map((object) => objectView(object, namespace)),
    schema: 'v2/schemas/metadefs/objects',
  })
}

/** The JSON of a tag. */
export function tagJson(tag: MetadefTag): string {
  return JSON.stringify({ name: tag.name, ...timesOf(tag) })
}

/** The JSON of a list of tags, which shows their names alone. */
export function tagsJson(tags: readonly { readonly name: string }[]): string {
  return JSON.stringify({ tags: tags.map(nameOnly) })
}
