import type { RequestContext } from '../../ports/context.ts'
import type {
  MetadefResourceType,
  ResourceTypeAssociation,
  ResourceTypeAssociationFields,
} from '../../ports/metadefs.ts'
import { findNamespace, type MetadefBase, requireFound, requireUnprotected } from './find.ts'
import type { InNamespace } from './properties.ts'

const noun = 'resource type association'

/** @see glance `api/v2/metadef_resource_types.py` `ResourceTypeController` */
export class MetadefResourceTypes {
  readonly #base: MetadefBase

  constructor(base: MetadefBase) {
    this.#base = base
  }

  /** All that were ever named. @throws forbidden */
  async listAll(context: RequestContext): Promise<MetadefResourceType[]> {
    const { metadefs, access } = this.#base
    await access.require('list_metadef_resource_types', context)
    return metadefs.listResourceTypes()
  }

  /** @throws forbidden, metadef_not_found */
  async list(context: RequestContext, namespaceName: string): Promise<readonly ResourceTypeAssociation[]> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('list_metadef_resource_types', context, namespace)
    if (!(await access.allows('get_metadef_resource_type', context, namespace))) return []
    return (await metadefs.listAssociations([namespace.id])).get(namespace.id) ?? []
  }

  /** @throws forbidden, metadef_not_found, metadef_exists */
  async create(
    context: RequestContext,
    namespaceName: string,
    fields: ResourceTypeAssociationFields,
  ): Promise<ResourceTypeAssociation> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('add_metadef_resource_type_association', context, namespace)
    return metadefs.createAssociation(namespace.id, fields)
  }

  /** The name counts letter by letter, whatever the database thinks of case. @throws forbidden, metadef_not_found, metadef_protected */
  async delete(context: RequestContext, { namespace: namespaceName, name }: InNamespace): Promise<void> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('remove_metadef_resource_type_association', context, namespace)
    const association = await metadefs.getAssociation(namespace.id, name)
    requireFound(association?.name === name ? association : undefined, { noun, name })
    requireUnprotected(namespace, { noun, name })
    await metadefs.deleteAssociation(namespace.id, name)
  }
}
