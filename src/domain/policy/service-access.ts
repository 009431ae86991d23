import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import { denied } from './image-access.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import type { Policy } from './policy.ts'
import type { RuleName } from './rules/index.ts'

/**
 * Who may do what that concerns no image. Each function returns if the caller may, and throws otherwise; it is a promise
 * only where the rule has an `http:` check.
 * @see glance `glance/api/v2/policy.py` TasksAPIPolicy, DiscoveryAPIPolicy
 */
export class ServiceAccess {
  readonly #policy: Policy

  constructor(policy: Policy) {
    this.#policy = policy
  }

  /** Everything below `/v2/tasks`. @throws forbidden */
  tasks(context: RequestContext): MaybePromise<void> {
    return this.#require('tasks_api_access', context)
  }

  /** How the stores are set up. @throws forbidden */
  storesDetail(context: RequestContext): MaybePromise<void> {
    return this.#require('stores_info_detail', context)
  }

  /** What the passes of the service's programs did and found. @throws forbidden */
  readPasses(context: RequestContext): MaybePromise<void> {
    return this.#require('glimpse_read_passes', context)
  }

  /** To pause those programs and to have them go on. @throws forbidden */
  managePasses(context: RequestContext): MaybePromise<void> {
    return this.#require('glimpse_manage_passes', context)
  }

  #require(rule: RuleName, context: RequestContext): MaybePromise<void> {
    return chain(this.#policy.allows(rule, context), (allowed) => {
      if (!allowed) throw new GlimpseError('forbidden', { reason: denied(rule) })
    })
  }
}
