import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { MetadefProperty, MetadefPropertyFields } from '../../ports/metadefs.ts'
import { findNamespace, type MetadefBase, requireFound, requireUnprotected } from './find.ts'

/** Where something of a namespace is found. */
export interface InNamespace {
  readonly namespace: string
  readonly name: string
}

const noun = 'property'

/** @see glance `api/v2/metadef_properties.py` `NamespacePropertiesController` */
export class MetadefProperties {
  readonly #base: MetadefBase

  constructor(base: MetadefBase) {
    this.#base = base
  }

  /** @throws forbidden, metadef_not_found */
  async list(context: RequestContext, namespaceName: string): Promise<MetadefProperty[]> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('get_metadef_properties', context, namespace)
    return metadefs.listProperties(namespace.id)
  }

  /**
   * With `resourceType`, the name is the one that resources of that type use: with its prefix.
   * @throws forbidden, metadef_not_found
   */
  async get(
    context: RequestContext,
    { namespace: namespaceName, name }: InNamespace,
    { resourceType }: { resourceType?: string } = {},
  ): Promise<MetadefProperty> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('get_metadef_property', context, namespace)
    let bareName = name
    if (resourceType) {
      await access.require('get_metadef_resource_type', context, namespace)
      const association = requireFound(await metadefs.getAssociation(namespace.id, resourceType), {
        noun: 'resource type association',
        name: resourceType,
      })
      if (!association.prefix || !name.startsWith(association.prefix)) {
        throw new GlimpseError('not_found', {
          reason: `Property ${name} does not begin with the prefix of resource type ${resourceType}.`,
        })
      }
      bareName = name.slice(association.prefix.length)
    }
    return requireFound(await metadefs.getProperty(namespace.id, bareName), { noun, name: bareName })
  }

  /** @throws forbidden, metadef_not_found, metadef_exists */
  async create(
    context: RequestContext,
    namespaceName: string,
    fields: MetadefPropertyFields,
  ): Promise<MetadefProperty> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('add_metadef_property', context, namespace)
    return metadefs.createProperty(namespace.id, fields)
  }

  /** Puts `fields` in the place of what was there, the name too. @throws forbidden, metadef_not_found, metadef_exists */
  async update(
    context: RequestContext,
    { namespace: namespaceName, name }: InNamespace,
    fields: MetadefPropertyFields,
  ): Promise<MetadefProperty> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('modify_metadef_property', context, namespace)
    const property = requireFound(await metadefs.getProperty(namespace.id, name), { noun, name })
    return metadefs.updateProperty(property, fields)
  }

  /** @throws forbidden, metadef_not_found, metadef_protected */
  async delete(context: RequestContext, { namespace: namespaceName, name }: InNamespace): Promise<void> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('remove_metadef_property', context, namespace)
    const property = requireFound(await metadefs.getProperty(namespace.id, name), { noun, name })
    requireUnprotected(namespace, { noun, name: property.name })
    await metadefs.deleteProperty(property)
  }
}
