import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type {
  MetadefContents,
  MetadefNamespace,
  MetadefNamespaceFields,
  NamespaceQuery,
  NewMetadefContents,
  ResourceTypeAssociation,
} from '../../ports/metadefs.ts'
import { findNamespace, type MetadefBase, requireUnprotected } from './find.ts'
import { prefixed } from './prefix.ts'

/** What a caller says of a namespace; it belongs to his project unless told. */
export interface NamespaceRequest extends Omit<MetadefNamespaceFields, 'owner'> {
  readonly owner?: string
}

export interface NamespacePage {
  readonly namespaces: readonly MetadefNamespace[]
  /** By id of namespace; what has none is absent. */
  readonly associations: ReadonlyMap<number, readonly ResourceTypeAssociation[]>
  /** Name to continue after; absent on the last page. */
  readonly nextMarker?: string
}

/** @see glance `api/v2/metadef_namespaces.py` `NamespaceController` */
export class MetadefNamespaces {
  readonly #base: MetadefBase

  constructor(base: MetadefBase) {
    this.#base = base
  }

  /** A page of the namespaces that the caller sees. @throws forbidden, metadef_not_found (the marker) */
  async page(
    context: RequestContext,
    { marker, ...query }: Omit<NamespaceQuery, 'seenBy' | 'markerId'> & { limit: number; marker?: string },
  ): Promise<NamespacePage> {
    const { metadefs, access } = this.#base
    await access.require('get_metadef_namespaces', context)
    await access.require('list_metadef_resource_types', context)
    const markerId = marker === undefined ? undefined : (await findNamespace(metadefs, { context, name: marker })).id
    const found = await metadefs.listNamespaces({
      ...query,
      ...(context.isAdmin ? {} : { seenBy: { projectId: context.projectId } }),
      ...(markerId === undefined ? {} : { markerId }),
    })
    const allowed: MetadefNamespace[] = []
    for (const namespace of found) {
      if (await access.allows('get_metadef_namespace', context, namespace)) allowed.push(namespace)
    }
    const associations = await metadefs.listAssociations(allowed.map(({ id }) => id))
    const last = allowed.length === query.limit ? allowed.at(-1) : undefined
    return { namespaces: allowed, associations, ...(last && { nextMarker: last.name }) }
  }

  /** A namespace with all that is in it, named as resources of `resourceType` name it. @throws forbidden, metadef_not_found */
  async show(
    context: RequestContext,
    name: string,
    { resourceType }: { resourceType?: string } = {},
  ): Promise<{ namespace: MetadefNamespace; contents: MetadefContents }> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name })
    for (const rule of [
      'get_metadef_namespace',
      'list_metadef_resource_types',
      'get_metadef_objects',
      'get_metadef_properties',
      'get_metadef_tags',
    ] as const) {
      await access.require(rule, context, namespace)
    }
    const contents = await metadefs.contents(namespace.id)
    return { namespace, contents: resourceType ? prefixed(contents, resourceType) : contents }
  }

  /** @throws forbidden, metadef_exists, bad_request */
  async create(
    context: RequestContext,
    request: NamespaceRequest,
    contents: NewMetadefContents,
  ): Promise<MetadefNamespace> {
    const { metadefs, access } = this.#base
    await access.require('add_metadef_namespace', context)
    for (const [given, rule] of [
      [contents.associations, 'add_metadef_resource_type_association'],
      [contents.objects, 'add_metadef_object'],
      [contents.properties, 'add_metadef_property'],
      [contents.tags, 'add_metadef_tag'],
    ] as const) {
      if (given?.length) await access.require(rule, context)
    }
    return metadefs.createNamespace(owned(context, request), contents)
  }

  /** What is absent gets its default again. @throws forbidden, metadef_not_found, metadef_exists, bad_request */
  async update(context: RequestContext, name: string, request: NamespaceRequest): Promise<MetadefNamespace> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name })
    await access.require('modify_metadef_namespace', context, namespace)
    return metadefs.updateNamespace(namespace.id, owned(context, request))
  }

  /** With all that is in it. @throws forbidden, metadef_not_found, metadef_protected */
  async delete(context: RequestContext, name: string): Promise<void> {
    await this.#base.metadefs.deleteNamespace(await this.#emptiable(context, name))
  }

  /** @throws forbidden, metadef_not_found, metadef_protected */
  async deleteObjects(context: RequestContext, name: string): Promise<void> {
    await this.#base.metadefs.deleteObjects(await this.#emptiable(context, name))
  }

  /** @throws forbidden, metadef_not_found, metadef_protected */
  async deleteProperties(context: RequestContext, name: string): Promise<void> {
    await this.#base.metadefs.deleteProperties(await this.#emptiable(context, name))
  }

  /** @throws forbidden, metadef_not_found, metadef_protected */
  async deleteTags(context: RequestContext, name: string): Promise<void> {
    await this.#base.metadefs.deleteTags(await this.#emptiable(context, name, 'delete_metadef_tags'))
  }

  /** Id of a namespace whose contents the caller may delete: he who may delete it, and fulfils `rule` too. */
  async #emptiable(context: RequestContext, name: string, rule?: 'delete_metadef_tags'): Promise<number> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name })
    await access.require('delete_metadef_namespace', context, namespace)
    if (rule) await access.require(rule, context, namespace)
    requireUnprotected(namespace)
    return namespace.id
  }
}

function owned(context: RequestContext, { owner, ...rest }: NamespaceRequest): MetadefNamespaceFields {
  const given = owner ?? context.projectId
  if (given === null) {
    throw new GlimpseError('bad_request', { reason: 'A namespace belongs to a project, and the caller has none.' })
  }
  return { ...rest, owner: given }
}
