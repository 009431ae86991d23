import type { RequestContext } from '../../ports/context.ts'
import type { MetadefObject, MetadefObjectFields } from '../../ports/metadefs.ts'
import { findNamespace, type MetadefBase, requireFound, requireUnprotected } from './find.ts'
import type { InNamespace } from './properties.ts'

const noun = 'object'

/** @see glance `api/v2/metadef_objects.py` `MetadefObjectsController` */
export class MetadefObjects {
  readonly #base: MetadefBase

  constructor(base: MetadefBase) {
    this.#base = base
  }

  /** @throws forbidden, metadef_not_found */
  async list(context: RequestContext, namespaceName: string): Promise<MetadefObject[]> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('get_metadef_objects', context, namespace)
    if (!(await access.allows('get_metadef_object', context, namespace))) return []
    return metadefs.listObjects(namespace.id)
  }

  /** @throws forbidden, metadef_not_found */
  async get(context: RequestContext, { namespace: namespaceName, name }: InNamespace): Promise<MetadefObject> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('get_metadef_object', context, namespace)
    return requireFound(await metadefs.getObject(namespace.id, name), { noun, name })
  }

  /** @throws forbidden, metadef_not_found, metadef_exists */
  async create(context: RequestContext, namespaceName: string, fields: MetadefObjectFields): Promise<MetadefObject> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('add_metadef_object', context, namespace)
    return metadefs.createObject(namespace.id, fields)
  }

  /** Puts `fields` in the place of what was there, the name too. @throws forbidden, metadef_not_found, metadef_exists */
  async update(
    context: RequestContext,
    { namespace: namespaceName, name }: InNamespace,
    fields: MetadefObjectFields,
  ): Promise<MetadefObject> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('modify_metadef_object', context, namespace)
    const object = requireFound(await metadefs.getObject(namespace.id, name), { noun, name })
    return metadefs.updateObject(object, fields)
  }

  /** @throws forbidden, metadef_not_found, metadef_protected */
  async delete(context: RequestContext, { namespace: namespaceName, name }: InNamespace): Promise<void> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('delete_metadef_object', context, namespace)
    const object = requireFound(await metadefs.getObject(namespace.id, name), { noun, name })
    requireUnprotected(namespace, { noun, name: object.name })
    await metadefs.deleteObject(object)
  }
}
