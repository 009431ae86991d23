import {
  type LoadedNamespace,
  type MetadefNamespaceFields,
  type MetadefObject,
  type MetadefObjectFields,
  type MetadefProperty,
  type MetadefPropertyFields,
  type MetadefRepository,
  type MetadefTag,
  type NamespaceQuery,
  type NewMetadefContents,
  namespaceSortKeys,
  type ResourceTypeAssociationFields,
  type TagQuery,
  tagSortKeys,
} from '../ports/metadefs.ts'
import { type CommandsOf, once, repeatable } from './command.ts'
import { anything, date, flag, list, nullable, number, object, oneOf, optional, record, text } from './shape.ts'

const schema = record(anything)
const rowOf = { id: number, createdAt: date, updatedAt: nullable(date) }
const pageOf = { limit: number, markerId: number }
const direction = oneOf('asc', 'desc')

const namespace = object<MetadefNamespaceFields>(
  {
    name: text,
    displayName: nullable(text),
    description: nullable(text),
    visibility: oneOf('public', 'private'),
    protected: flag,
    owner: text,
  },
  {},
)
const association = object<ResourceTypeAssociationFields>(
  { name: text, prefix: nullable(text), propertiesTarget: nullable(text) },
  {},
)

const propertyFields = { name: text, schema }
const property = object<MetadefPropertyFields>(propertyFields, {})
const propertyRow = object<MetadefProperty>({ ...propertyFields, ...rowOf }, {})

const objectFields = { name: text, description: nullable(text), required: list(text), properties: record(schema) }
const fieldsOfObject = object<MetadefObjectFields>(objectFields, {})
const objectRow = object<MetadefObject>({ ...objectFields, ...rowOf }, {})

const tagRow = object<MetadefTag>({ name: text, ...rowOf }, {})

const contents = object<NewMetadefContents>(
  {},
  { associations: list(association), properties: list(property), objects: list(fieldsOfObject), tags: list(text) },
)

const namespaceQuery = object<NamespaceQuery>(
  { sortKey: oneOf(...namespaceSortKeys), direction },
  {
    ...pageOf,
    seenBy: object({ projectId: nullable(text) }, {}),
    visibility: text,
    resourceTypes: list(text),
  },
)
const tagQuery = object<TagQuery>({ sortKey: oneOf(...tagSortKeys), direction }, pageOf)

export const metadefCommands: CommandsOf<MetadefRepository> = {
  getNamespace: repeatable(text),
  listNamespaces: repeatable(namespaceQuery),
  createNamespace: once(namespace, optional(contents)),
  updateNamespace: once(number, namespace),
  deleteNamespace: once(number),

  contents: repeatable(number),

  listResourceTypes: repeatable(),
  listAssociations: repeatable(list(number)),
  getAssociation: repeatable(number, text),
  createAssociation: once(number, association),
  deleteAssociation: once(number, text),

  listProperties: repeatable(number),
  getProperty: repeatable(number, text),
  createProperty: once(number, property),
  updateProperty: once(propertyRow, property),
  deleteProperty: once(propertyRow),
  deleteProperties: repeatable(number),

  listObjects: repeatable(number),
  getObject: repeatable(number, text),
  createObject: once(number, fieldsOfObject),
  updateObject: once(objectRow, fieldsOfObject),
  deleteObject: once(objectRow),
  deleteObjects: repeatable(number),

  listTags: repeatable(number, tagQuery),
  getTag: repeatable(number, text),
  createTag: once(number, text),
  createTags: once(number, list(text), optional(object({}, { replace: flag }))),
  updateTag: once(tagRow, text),
  deleteTag: once(tagRow),
  deleteTags: repeatable(number),

  load: once(object<LoadedNamespace>({ namespace, contents }, {}), oneOf('skip', 'merge', 'prefer_new', 'overwrite')),
  clear: repeatable(),
}
