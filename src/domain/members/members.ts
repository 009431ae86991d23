import { GlimpseError } from '../../errors/error.ts'
import type { RequestContext } from '../../ports/context.ts'
import { type ImageMember, type MemberStatus, memberStatuses } from '../../ports/image.ts'
import type { MemberRepository } from '../../ports/repositories.ts'
import type { DataReaders } from '../images/data-readers.ts'
import type { ImageFinder } from '../images/find.ts'
import { type Quotas, requireBasicPlane, requireQuota } from '../images/limits.ts'
import type { MemberAccess } from '../policy/member-access.ts'

/** One project's membership of one image. */
export interface MemberKey {
  readonly imageId: string
  readonly memberId: string
}

export interface MembersOptions {
  readonly finder: ImageFinder
  readonly access: MemberAccess
  readonly quotas: Quotas
  readonly readers: DataReaders
}

/** Projects that shared images are shared with. @see glance `api/v2/image_members.py` */
export class ImageMembers {
  readonly #members: MemberRepository
  readonly #options: MembersOptions

  constructor(members: MemberRepository, options: MembersOptions) {
    this.#members = members
    this.#options = options
  }

  /** All members for the owner and admins; a member sees himself. @throws image_not_found, forbidden */
  async list(context: RequestContext, imageId: string): Promise<ImageMember[]> {
    const { finder, access } = this.#options
    const image = await finder.find(context, imageId)
    await access.list(context, image)
    if (!(await access.mayGet(context, image))) return []
    const members = await this.#members.list(imageId)
    const all = context.isAdmin || image.owner === context.projectId
    return all ? members : members.filter(({ memberId }) => memberId === context.projectId)
  }

  /** @throws image_not_found, member_not_found, not_found */
  async get(context: RequestContext, { imageId, memberId }: MemberKey): Promise<ImageMember> {
    const { finder, access } = this.#options
    const image = await finder.find(context, imageId)
    await access.get(context, image)
    return this.#require(context, { imageId, memberId, owner: image.owner })
  }

  /** @throws image_not_found, forbidden, member_exists, quota_exceeded, bad_request */
  async add(context: RequestContext, { imageId, memberId }: MemberKey): Promise<ImageMember> {
    const { finder, access, quotas } = this.#options
    const image = await finder.find(context, imageId)
    await access.create(context, image)
    requireQuota(quotas, { members: (await this.#members.list(imageId)).length + 1 })
    if (memberId.length > 255) {
      throw new GlimpseError('bad_request', { reason: 'A member should not be longer than 255 characters.' })
    }
    requireBasicPlane(memberId, 'Member')
    const member = await this.#members.create(imageId, memberId, 'pending')
    await this.#options.readers.update(context, image)
    return member
  }

  /** @throws image_not_found, forbidden, member_not_found, bad_request */
  async setStatus(
    context: RequestContext,
    { imageId, memberId, status }: MemberKey & { readonly status: unknown },
  ): Promise<ImageMember> {
    const { finder, access } = this.#options
    const image = await finder.find(context, imageId)
    await access.update(context, image)
    await this.#require(context, { imageId, memberId, owner: image.owner })
    if (!memberStatuses.includes(status as MemberStatus)) {
      throw new GlimpseError('bad_request', {
        reason: `Incorrect request: status must be one of ${memberStatuses.join(', ')}`,
      })
    }
    return this.#members.update(imageId, memberId, status as MemberStatus)
  }

  /** @throws image_not_found, forbidden, member_not_found */
  async remove(context: RequestContext, { imageId, memberId }: MemberKey): Promise<void> {
    const { finder, access } = this.#options
    const image = await finder.find(context, imageId)
    await access.delete(context, image)
    await this.#members.delete(imageId, memberId)
    await this.#options.readers.update(context, image)
  }

  /** Other members of an image do not exist for a member. */
  async #require(
    context: RequestContext,
    { imageId, memberId, owner }: MemberKey & { readonly owner: string | null },
  ): Promise<ImageMember> {
    const seen = context.isAdmin || owner === context.projectId || memberId === context.projectId
    const member = seen ? await this.#members.get(imageId, memberId) : undefined
    if (!member) throw new GlimpseError('member_not_found', { memberId })
    return member
  }
}
