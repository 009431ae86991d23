import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { MetadefTag, TagQuery } from '../../ports/metadefs.ts'
import { findNamespace, type MetadefBase, requireFound, requireUnprotected } from './find.ts'
import type { InNamespace } from './properties.ts'

const noun = 'tag'
const maxNameLength = 80

/** @see glance `api/v2/metadef_tags.py` `TagsController` */
export class MetadefTags {
  readonly #base: MetadefBase

  constructor(base: MetadefBase) {
    this.#base = base
  }

  /** @throws forbidden, metadef_not_found (the marker too) */
  async list(
    context: RequestContext,
    namespaceName: string,
    { marker, ...query }: Omit<TagQuery, 'markerId'> & { marker?: string },
  ): Promise<MetadefTag[]> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('get_metadef_tags', context, namespace)
    if (marker === undefined) return metadefs.listTags(namespace.id, query)
    const { id: markerId } = requireFound(await metadefs.getTag(namespace.id, marker), { noun, name: marker })
    return metadefs.listTags(namespace.id, { ...query, markerId })
  }

  /** @throws forbidden, metadef_not_found */
  async get(context: RequestContext, { namespace: namespaceName, name }: InNamespace): Promise<MetadefTag> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('get_metadef_tag', context, namespace)
    return requireFound(await metadefs.getTag(namespace.id, name), { noun, name })
  }

  /** @throws bad_request, forbidden, metadef_not_found, metadef_exists */
  async create(context: RequestContext, { namespace: namespaceName, name }: InNamespace): Promise<MetadefTag> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    requireShort(name)
    await access.require('add_metadef_tag', context, namespace)
    return metadefs.createTag(namespace.id, name)
  }

  /**
   * Adds all of them or none, in the place of those that were there unless `append`. No names change nothing.
   * @throws bad_request, forbidden, metadef_not_found, metadef_exists
   */
  async createMany(
    context: RequestContext,
    namespaceName: string,
    { names, append }: { names: readonly string[]; append: boolean },
  ): Promise<void> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('add_metadef_tags', context, namespace)
    for (const name of names) requireShort(name)
    if (names.length > 0) await metadefs.createTags(namespace.id, names, { replace: !append })
  }

  /** Gives a tag another name. @throws forbidden, metadef_not_found, metadef_exists */
  async update(
    context: RequestContext,
    { namespace: namespaceName, name }: InNamespace,
    { newName }: { newName: string },
  ): Promise<MetadefTag> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('modify_metadef_tag', context, namespace)
    const tag = requireFound(await metadefs.getTag(namespace.id, name), { noun, name })
    return metadefs.updateTag(tag, newName)
  }

  /** @throws forbidden, metadef_not_found, metadef_protected */
  async delete(context: RequestContext, { namespace: namespaceName, name }: InNamespace): Promise<void> {
    const { metadefs, access } = this.#base
    const namespace = await findNamespace(metadefs, { context, name: namespaceName })
    await access.require('delete_metadef_tag', context, namespace)
    const tag = requireFound(await metadefs.getTag(namespace.id, name), { noun, name })
    requireUnprotected(namespace, { noun, name: tag.name })
    await metadefs.deleteTag(tag)
  }
}

function requireShort(name: string): void {
  if ([...name].length <= maxNameLength) return
  throw new GlimpseError('bad_request', { reason: `The name of a tag has at most ${maxNameLength} characters.` })
}
