export type MetadefVisibility = 'public' | 'private'

type JsonObject = Readonly<Record<string, unknown>>

/** What a namespace says of itself. */
export interface MetadefNamespaceFields {
  /** Unique in the service; at most 80 characters. */
  readonly name: string
  readonly displayName: string | null
  readonly description: string | null
  readonly visibility: MetadefVisibility
  /** Nothing of it can be deleted. */
  readonly protected: boolean
  readonly owner: string
}

interface Times {
  /** Whole seconds, as Glance's columns hold them. */
  readonly createdAt: Date
  /** Null for what was loaded from a file and never changed since. */
  readonly updatedAt: Date | null
}

export interface MetadefNamespace extends MetadefNamespaceFields, Times {
  readonly id: number
}

export interface ResourceTypeAssociationFields {
  /** Name of the resource type, for instance `OS::Nova::Server`. */
  readonly name: string
  /** Stands before each property of the namespace on resources of that type. */
  readonly prefix: string | null
  readonly propertiesTarget: string | null
}
export interface ResourceTypeAssociation extends ResourceTypeAssociationFields, Times {}

export interface MetadefPropertyFields {
  readonly name: string
  /** The JSON schema of its value. */
  readonly schema: JsonObject
}
export interface MetadefProperty extends MetadefPropertyFields, Times {
  readonly id: number
}

export interface MetadefObjectFields {
  readonly name: string
  readonly description: string | null
  /** Names of properties that it must have; stored with commas between them. */
  readonly required: readonly string[]
  /** Schemas by name. */
  readonly properties: Readonly<Record<string, JsonObject>>
}
export interface MetadefObject extends MetadefObjectFields, Times {
  readonly id: number
}

export interface MetadefTag extends Times {
  readonly id: number
  readonly name: string
}

export interface MetadefResourceType extends Times {
  readonly name: string
  /** It came from a file. */
  readonly protected: boolean
}

/** Everything that belongs to a namespace. */
export interface MetadefContents {
  /** In the order in which their types became known to the service. */
  readonly associations: readonly ResourceTypeAssociation[]
  /** By name. */
  readonly properties: readonly MetadefProperty[]
  /** By name. */
  readonly objects: readonly MetadefObject[]
  /** Newest first. */
  readonly tags: readonly MetadefTag[]
}

/** Contents to be stored; what is absent is empty. */
export interface NewMetadefContents {
  readonly associations?: readonly ResourceTypeAssociationFields[]
  readonly properties?: readonly MetadefPropertyFields[]
  readonly objects?: readonly MetadefObjectFields[]
  /** Names. */
  readonly tags?: readonly string[]
}

/** Columns that a list of namespaces can be sorted by, in Glance's words. */
export const namespaceSortKeys = [
  'id',
  'namespace',
  'display_name',
  'description',
  'visibility',
  'protected',
  'owner',
  'created_at',
  'updated_at',
] as const
export type NamespaceSortKey = (typeof namespaceSortKeys)[number]

/** Columns that a list of tags can be sorted by, in Glance's words. */
export const tagSortKeys = ['id', 'namespace_id', 'name', 'created_at', 'updated_at'] as const
export type TagSortKey = (typeof tagSortKeys)[number]

interface Page<Key> {
  readonly sortKey: Key
  /** Of the sort key, and of `created_at` and `id`, which make the order unique. NULL is the least value. */
  readonly direction: 'asc' | 'desc'
  /** Absent: no limit. */
  readonly limit?: number
  /** Id of the last row of the page before: one that exists. */
  readonly markerId?: number
}

/** What `GET /v2/metadefs/namespaces` can ask. Every given condition must hold. */
export interface NamespaceQuery extends Page<NamespaceSortKey> {
  /** Shows public namespaces and those of that project (null: public ones only); absent: all. */
  readonly seenBy?: { readonly projectId: string | null }
  /** Any text: nothing has a visibility that there is not. */
  readonly visibility?: string
  /** Namespaces with one of the resource types. */
  readonly resourceTypes?: readonly string[]
}

export type TagQuery = Page<TagSortKey>

/** What is done with a namespace of a file whose name is taken: leave it, add what it lacks, let the file win, start anew. */
export type MetadefLoadMode = 'skip' | 'merge' | 'prefer_new' | 'overwrite'

/** A namespace with all that is in it. */
export interface LoadedNamespace {
  readonly namespace: MetadefNamespaceFields
  readonly contents: NewMetadefContents
}

/**
 * The catalogue of metadata definitions. Names are compared as the database compares them: MySQL's ignore case. Everything
 * that changes something is one transaction. `namespaceId` is that of a namespace that was found just before; whoever adds
 * to one that was deleted since then gets not_found. Each change may throw bad_request for texts that no column holds.
 * @see glance `db/sqlalchemy/metadef_api`
 */
export interface MetadefRepository {
  /** Says nothing about who may see it. */
  getNamespace(name: string): Promise<MetadefNamespace | undefined>
  listNamespaces(query: NamespaceQuery): Promise<MetadefNamespace[]>
  /** @throws metadef_exists for the namespace, or for something that it has twice */
  createNamespace(namespace: MetadefNamespaceFields, contents?: NewMetadefContents): Promise<MetadefNamespace>
  /** @throws metadef_exists, not_found */
  updateNamespace(id: number, fields: MetadefNamespaceFields): Promise<MetadefNamespace>
  /** With all that is in it. @throws not_found */
  deleteNamespace(id: number): Promise<void>

  /** In a constant number of SQL statements. */
  contents(namespaceId: number): Promise<MetadefContents>

  /** All resource types that were ever named, oldest first. */
  listResourceTypes(): Promise<MetadefResourceType[]>
  /** By namespace; what has none is absent. In a constant number of SQL statements. */
  listAssociations(namespaceIds: readonly number[]): Promise<ReadonlyMap<number, readonly ResourceTypeAssociation[]>>
  getAssociation(namespaceId: number, name: string): Promise<ResourceTypeAssociation | undefined>
  /** Makes the resource type if there is none. @throws metadef_exists */
  createAssociation(namespaceId: number, fields: ResourceTypeAssociationFields): Promise<ResourceTypeAssociation>
  /** The resource type stays. @throws metadef_not_found */
  deleteAssociation(namespaceId: number, name: string): Promise<void>

  listProperties(namespaceId: number): Promise<MetadefProperty[]>
  getProperty(namespaceId: number, name: string): Promise<MetadefProperty | undefined>
  /** @throws metadef_exists */
  createProperty(namespaceId: number, fields: MetadefPropertyFields): Promise<MetadefProperty>
  /** @throws metadef_exists, metadef_not_found */
  updateProperty(property: MetadefProperty, fields: MetadefPropertyFields): Promise<MetadefProperty>
  /** @throws metadef_not_found */
  deleteProperty(property: MetadefProperty): Promise<void>
  deleteProperties(namespaceId: number): Promise<void>

  listObjects(namespaceId: number): Promise<MetadefObject[]>
  getObject(namespaceId: number, name: string): Promise<MetadefObject | undefined>
  /** @throws metadef_exists */
  createObject(namespaceId: number, fields: MetadefObjectFields): Promise<MetadefObject>
  /** @throws metadef_exists, metadef_not_found */
  updateObject(object: MetadefObject, fields: MetadefObjectFields): Promise<MetadefObject>
  /** @throws metadef_not_found */
  deleteObject(object: MetadefObject): Promise<void>
  deleteObjects(namespaceId: number): Promise<void>

  listTags(namespaceId: number, query: TagQuery): Promise<MetadefTag[]>
  getTag(namespaceId: number, name: string): Promise<MetadefTag | undefined>
  /** @throws metadef_exists */
  createTag(namespaceId: number, name: string): Promise<MetadefTag>
  /** Adds all of them or none; `replace` removes the others. @throws metadef_exists */
  createTags(namespaceId: number, names: readonly string[], options?: { replace?: boolean }): Promise<void>
  /** @throws metadef_exists, metadef_not_found */
  updateTag(tag: MetadefTag, name: string): Promise<MetadefTag>
  /** @throws metadef_not_found */
  deleteTag(tag: MetadefTag): Promise<void>
  deleteTags(namespaceId: number): Promise<void>

  /**
   * Puts a namespace of a file into the database, as a whole or not at all; new rows have no `updatedAt`, and new resource
   * types are protected.
   * @returns false if it was there and `mode` says to skip it
   */
  load(loaded: LoadedNamespace, mode: MetadefLoadMode): Promise<boolean>
  /** Removes everything, resource types too. */
  clear(): Promise<void>
}
