import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { MetadefNamespace } from '../../ports/metadefs.ts'
import { denied } from './image-access.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import type { Policy } from './policy.ts'
import type { metadefRules } from './rules/metadef.ts'

type MetadefRule = Exclude<keyof typeof metadefRules, 'metadef_default' | 'metadef_admin'>

/**
 * Who may do what with metadata definitions. Each function is a promise only where the rule has an `http:` check. Without
 * a namespace the rule is asked about the caller's own project.
 * @see glance `glance/api/v2/policy.py` MetadefAPIPolicy
 */
export class MetadefAccess {
  readonly #policy: Policy

  constructor(policy: Policy) {
    this.#policy = policy
  }

  allows(rule: MetadefRule, context: RequestContext, namespace?: MetadefNamespace): MaybePromise<boolean> {
    const target = new Map<string, unknown>([['project_id', namespace ? namespace.owner : context.projectId]])
    if (namespace) target.set('visibility', namespace.visibility)
    return this.#policy.allows(rule, context, target)
  }

  /**
   * Returns if the caller may.
   * @throws forbidden, or not_found if he may not even know the namespace
   */
  require(rule: MetadefRule, context: RequestContext, namespace?: MetadefNamespace): MaybePromise<void> {
    return chain(this.allows(rule, context, namespace), (allowed) => {
      if (allowed) return
      return chain(this.allows('get_metadef_namespace', context, namespace), (knows) => {
        const reason = denied(rule)
        if (rule === 'get_metadef_namespace' || !knows) throw new GlimpseError('not_found', { reason })
        throw new GlimpseError('forbidden', { reason })
      })
    })
  }
}
