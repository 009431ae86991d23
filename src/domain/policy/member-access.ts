import { GlimpseError, hasCode } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image } from '../../ports/image.ts'
import { denied, ImageAccess } from './image-access.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import type { Policy } from './policy.ts'
import type { RuleName } from './rules/index.ts'
import { ImageTarget } from './target.ts'

/**
 * Who may do what to the members of an image that he sees (`ImageAccess.requireVisible` comes first). Each function returns
 * if the caller may, and throws otherwise; it is a promise only where a rule has an `http:` check.
 * @see glance `glance/api/v2/image_members.py`, `glance/api/v2/policy.py` MemberAPIPolicy
 */
export class MemberAccess {
  readonly #policy: Policy
  readonly #images: ImageAccess

  constructor(policy: Policy) {
    this.#policy = policy
    this.#images = new ImageAccess(policy)
  }

  /** @throws forbidden, image_not_found */
  list(context: RequestContext, image: Image): MaybePromise<void> {
    requireShared(image)
    return this.#ask('get_members', context, image)
  }

  /** Whether a list shows the members one by one. */
  mayGet(context: RequestContext, image: Image): MaybePromise<boolean> {
    return this.#policy.allows('get_member', context, new ImageTarget(context, image))
  }

  /** A refusal looks like a member that is not there. @throws not_found, image_not_found */
  get(context: RequestContext, image: Image): MaybePromise<void> {
    try {
      requireShared(image)
      const asked = this.#ask('get_member', context, image)
      return asked instanceof Promise ? asked.catch(hideRefusal) : asked
    } catch (error) {
      return hideRefusal(error)
    }
  }

  /** @throws forbidden, image_not_found */
  create(context: RequestContext, image: Image): MaybePromise<void> {
    requireShared(image)
    this.#requireOwnership(image.owner !== null && image.owner === context.projectId, context, 'add members to')
    return this.#ask('add_member', context, image)
  }

  /** The owner does not answer for those he shares with. @throws forbidden, image_not_found */
  update(context: RequestContext, image: Image): MaybePromise<void> {
    requireShared(image)
    this.#requireOwnership(image.owner !== context.projectId, context, 'answer for the members of')
    return chain(this.#ask('get_member', context, image), () => this.#ask('modify_member', context, image))
  }

  /** @throws forbidden, image_not_found */
  delete(context: RequestContext, image: Image): MaybePromise<void> {
    requireShared(image)
    this.#requireOwnership(image.owner === context.projectId, context, 'remove members from')
    return chain(this.#ask('get_member', context, image), () => this.#ask('delete_member', context, image))
  }

  #requireOwnership(holds: boolean, context: RequestContext, action: string): void {
    if (holds || context.isAdmin || this.#policy.enforceNewDefaults) return
    throw new GlimpseError('forbidden', { reason: `You may not ${action} this image.` })
  }

  #ask(rule: RuleName, context: RequestContext, image: Image): MaybePromise<void> {
    return chain(this.#images.get(context, image), () =>
      chain(this.#policy.allows(rule, context, new ImageTarget(context, image)), (allowed) => {
        if (!allowed) throw new GlimpseError('forbidden', { reason: denied(rule) })
      }),
    )
  }
}

function requireShared(image: Image): void {
  if (image.visibility !== 'shared') throw new GlimpseError('forbidden', { reason: 'Only shared images have members.' })
}

function hideRefusal(error: unknown): never {
  if (hasCode(error, 'forbidden')) throw new GlimpseError('not_found', { reason: error.message }, { cause: error })
  throw error
}
