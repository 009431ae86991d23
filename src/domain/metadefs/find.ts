import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { MetadefNamespace, MetadefRepository } from '../../ports/metadefs.ts'
import type { MetadefAccess } from '../policy/metadef-access.ts'

/** What all services of metadata definitions are built on. */
export interface MetadefBase {
  readonly metadefs: MetadefRepository
  readonly access: MetadefAccess
}

/**
 * The namespace of that name, unless it is another project's own.
 * @throws metadef_not_found
 * @see glance `db/sqlalchemy/metadef_api/namespace.py` `_is_namespace_visible`
 */
export async function findNamespace(
  metadefs: MetadefRepository,
  { context, name }: { context: RequestContext; name: string },
): Promise<MetadefNamespace> {
  const namespace = await metadefs.getNamespace(name)
  const isVisible =
    context.isAdmin ||
    namespace?.visibility === 'public' ||
    (context.projectId !== null && namespace?.owner === context.projectId)
  if (!namespace || !isVisible) throw new GlimpseError('metadef_not_found', { noun: 'namespace', name })
  return namespace
}

/** @throws metadef_not_found */
export function requireFound<T>(item: T | undefined, what: { noun: string; name: string }): T {
  if (item === undefined) throw new GlimpseError('metadef_not_found', what)
  return item
}

/** What is in a protected namespace stays. @throws metadef_protected */
export function requireUnprotected(
  namespace: MetadefNamespace,
  what: { noun: string; name: string } = { noun: 'namespace', name: namespace.name },
): void {
  if (namespace.protected) throw new GlimpseError('metadef_protected', what)
}
