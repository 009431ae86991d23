import type { ImageMember } from '../../ports/image.ts'
import { timestamp } from './json-text.ts'

function view(member: ImageMember): object {
  return {
    member_id: member.memberId,
    image_id: member.imageId,
    status: member.status,
    created_at: timestamp(member.createdAt),
    updated_at: timestamp(member.updatedAt),
    schema: '/v2/schemas/member',
  }
}

/** The JSON of a member. */
export function memberJson(member: ImageMember): string {
  return JSON.stringify(view(member))
}

/** The JSON of a list of members. */
export function membersJson(members: readonly ImageMember[]): string {
  return JSON.stringify({ members: members.map(view), schema: '/v2/schemas/members' })
}
