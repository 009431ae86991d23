import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import type { Image, Visibility } from '../../ports/image.ts'
import { chain, type MaybePromise } from './maybe-promise.ts'
import type { Policy } from './policy.ts'
import type { RuleName } from './rules/index.ts'
import { ImageTarget, type PolicyTarget } from './target.ts'

/** What is known of an image before it exists. */
export interface ProposedImage {
  readonly owner: string | null
  /** Absent: judged as `private`. */
  readonly visibility?: Visibility
}

/**
 * Who may do what to an image. Each function returns if the caller may, and throws otherwise; it is a promise only where a
 * rule has an `http:` check, so callers await it. `image_not_found` hides images that the caller may not see, `forbidden`
 * refuses those that he sees. Before any of them, `requireVisible` decides whether the image exists for the caller at all.
 * @see glance `glance/api/v2/policy.py` ImageAPIPolicy
 */
export class ImageAccess {
  readonly #policy: Policy

  constructor(policy: Policy) {
    this.#policy = policy
  }

  /**
   * The first gate: what a look-up finds. `isMember` tells whether the caller's project is a member (in any status); it
   * counts for shared images only.
   * @throws image_not_found
   * @see glance `glance/db/utils.py` is_image_visible
   */
  requireVisible(context: RequestContext, image: Image, { isMember }: { isMember: boolean }): void {
    if (!isVisible(context, image, { isMember })) throw new GlimpseError('image_not_found', { id: image.id })
  }

  /** @throws forbidden */
  list(context: RequestContext): MaybePromise<void> {
    return this.#require('get_images', context, new Map([['project_id', context.projectId]]))
  }

  /** Whether a list shows the image, and `get` would pass. */
  mayGet(context: RequestContext, image: Image): MaybePromise<boolean> {
    return this.#policy.allows('get_image', context, new ImageTarget(context, image))
  }

  /** @throws image_not_found */
  get(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('get_image', context, image)
  }

  /** @throws forbidden */
  create(context: RequestContext, proposed: ProposedImage): MaybePromise<void> {
    const { owner, visibility = 'private' } = proposed
    const target = new Map<string, unknown>([
      ['project_id', owner],
      ['owner', owner],
      ['visibility', visibility],
    ])
    const foreign = owner !== context.projectId
    const reason = foreign ? foreignOwner(owner) : denied('add_image')
    return chain(this.#policy.allows('add_image', context, target), (allowed) => {
      if (!allowed) throw new GlimpseError('forbidden', { reason })
      return chain(this.#requireVisibility(visibility, context, target), () => {
        if (foreign && !context.isAdmin && !this.#policy.enforceNewDefaults) {
          throw new GlimpseError('forbidden', { reason })
        }
      })
    })
  }

  /** Changes of the image's fields and properties, tags, and imports. @throws forbidden, image_not_found */
  modify(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#change('modify_image', context, image)
  }

  /** A change of the image's visibility; asks `modify` too. @throws forbidden, image_not_found */
  setVisibility(context: RequestContext, image: Image, { visibility }: { visibility: string }): MaybePromise<void> {
    const target = new ImageTarget(context, image)
    return chain(this.#requireVisibility(visibility, context, target), () => this.modify(context, image))
  }

  /** @throws forbidden, image_not_found */
  delete(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#change('delete_image', context, image)
  }

  /** Uploading and staging data. @throws forbidden, image_not_found */
  upload(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#change('upload_image', context, image)
  }

  /** @throws forbidden, image_not_found */
  download(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('download_image', context, image)
  }

  /** Downloading from a store that the caller names. @throws forbidden, image_not_found */
  downloadFromStore(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('download_from_store', context, image)
  }

  /** @throws forbidden, image_not_found */
  deactivate(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#change('deactivate', context, image)
  }

  /** @throws forbidden, image_not_found */
  reactivate(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#change('reactivate', context, image)
  }

  /** Copying the data to more stores. @throws forbidden, image_not_found */
  copy(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('copy_image', context, image)
  }

  /** Writing `locations` by a patch. @throws forbidden, image_not_found */
  setLocations(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('set_image_location', context, image)
  }

  /** Removing `locations` by a patch. @throws forbidden, image_not_found */
  deleteLocations(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#change('delete_image_location', context, image)
  }

  /** Reading locations for deleting data from one store. @throws forbidden, image_not_found */
  readLocations(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('get_image_location', context, image)
  }

  /** `POST .../locations`. @throws forbidden, image_not_found */
  addLocation(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('add_image_location', context, image)
  }

  /** `GET .../locations`. @throws forbidden, image_not_found */
  fetchLocations(context: RequestContext, image: Image): MaybePromise<void> {
    return this.#ask('fetch_image_location', context, image)
  }

  /** The rule, and below the new defaults also that the image is the caller's. */
  #change(rule: RuleName, context: RequestContext, image: Image): MaybePromise<void> {
    return chain(this.#ask(rule, context, image), () => {
      if (context.isAdmin || this.#policy.enforceNewDefaults) return
      if (image.owner === null || image.owner !== context.projectId) {
        throw new GlimpseError('forbidden', { reason: 'You do not own this image.' })
      }
    })
  }

  #ask(rule: RuleName, context: RequestContext, image: Image): MaybePromise<void> {
    const target = new ImageTarget(context, image)
    return chain(this.#policy.allows(rule, context, target), (allowed) => {
      if (allowed) return
      if (rule === 'get_image') throw new GlimpseError('image_not_found', { id: image.id })
      return chain(this.#policy.allows('get_image', context, target), (seen) => {
        if (seen) throw new GlimpseError('forbidden', { reason: denied(rule) })
        throw new GlimpseError('image_not_found', { id: image.id })
      })
    })
  }

  #requireVisibility(visibility: string, context: RequestContext, target: PolicyTarget): MaybePromise<void> {
    if (visibility === 'public') return this.#require('publicize_image', context, target)
    if (visibility === 'community') return this.#require('communitize_image', context, target)
  }

  #require(rule: RuleName, context: RequestContext, target: PolicyTarget): MaybePromise<void> {
    return chain(this.#policy.allows(rule, context, target), (allowed) => {
      if (!allowed) throw new GlimpseError('forbidden', { reason: denied(rule) })
    })
  }
}

/** Whether a look-up by id finds the image for the caller. */
export function isVisible(context: RequestContext, image: Image, { isMember }: { isMember: boolean }): boolean {
  if (context.isAdmin || image.owner === null) return true
  if (image.visibility === 'public' || image.visibility === 'community') return true
  if (context.projectId === null) return false
  return context.projectId === image.owner || (image.visibility === 'shared' && isMember)
}

/** Whether `isVisible` depends on the membership, which costs a query. */
export function needsMembership(context: RequestContext, image: Image): boolean {
  return image.visibility === 'shared' && !isVisible(context, image, { isMember: false }) && context.projectId !== null
}

/** The text of a refusal by a rule. */
export function denied(rule: RuleName): string {
  return `Policy does not allow you to do this (rule ${rule}).`
}

function foreignOwner(owner: string | null): string {
  return `You may not create images that are owned by '${owner}'.`
}
